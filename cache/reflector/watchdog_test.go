package reflector

import (
	"testing"
	"time"
)

func TestAWatchMayBeSilentForThreeBookmarksAndAtLeastThreeMinutes(t *testing.T) {
	for _, test := range []struct {
		name  string
		beats []time.Duration
		want  time.Duration
	}{
		{"without bookmarks for ever", nil, 0},
		{"bookmarks each second", []time.Duration{time.Second, time.Second}, 3 * time.Minute},
		{"bookmarks each minute", []time.Duration{time.Minute, time.Minute}, 3 * time.Minute},
		{"bookmarks each two minutes", []time.Duration{2 * time.Minute, 2 * time.Minute}, 6 * time.Minute},
		{"one that was late", []time.Duration{time.Minute, 4 * time.Minute}, 12 * time.Minute},
		{"one that came early, after rare ones", []time.Duration{8 * time.Minute, time.Second}, 21 * time.Minute},
	} {
		var p pulse
		for _, after := range test.beats {
			p = p.beat(after)
		}
		if have := p.patience(); have != test.want {
			t.Errorf("%s: %v, want %v", test.name, have, test.want)
		}
	}
}
