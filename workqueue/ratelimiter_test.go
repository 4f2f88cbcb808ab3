package workqueue

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func TestLimitersDelayByTheNumberOfRequeues(t *testing.T) {
	const ms = time.Millisecond
	tests := []struct {
		name    string
		limiter RateLimiter
		want    []time.Duration
	}{
		{"exponential", Exponential(5*ms, time.Second), []time.Duration{5 * ms, 10 * ms, 20 * ms, 40 * ms, 80 * ms, 160 * ms, 320 * ms, 640 * ms, time.Second, time.Second}},
		{"exponential that begins at its end", Exponential(time.Second, ms), []time.Duration{ms, ms}},
		{"exponential of nothing", Exponential(0, time.Second), []time.Duration{0, 0}},
		{"fast and slow", FastSlow(ms, time.Second, 2), []time.Duration{ms, ms, time.Second, time.Second}},
		{"bucket", Bucket(10, 3), []time.Duration{0, 0, 0, 100 * ms, 200 * ms}},
		{"longest", MaxOf(FastSlow(ms, 50*ms, 2), Bucket(10, 3)), []time.Duration{ms, ms, 50 * ms, 100 * ms}},
		{"at most", WithMaxWait(Exponential(5*ms, time.Second), 12*ms), []time.Duration{5 * ms, 10 * ms, 12 * ms}},
		{"no jitter", WithJitter(FastSlow(ms, time.Second, 1), 0), []time.Duration{ms, time.Second}},
		{"longest of none", MaxOf(), []time.Duration{0}},
	}
	for _, test := range tests {
		synctest.Test(t, func(t *testing.T) {
			if test.name == "bucket" || test.name == "longest" { // a bucket lives in time: this one in fake time
				test.limiter = map[string]RateLimiter{"bucket": Bucket(10, 3), "longest": MaxOf(FastSlow(ms, 50*ms, 2), Bucket(10, 3))}[test.name]
			}
			var got []time.Duration
			for i := range test.want {
				got = append(got, test.limiter.When(i).Round(time.Microsecond))
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("%s: got %v, want %v", test.name, got, test.want)
			}
		})
	}
}

func TestExponentialLimiterDoesNotOverflow(t *testing.T) {
	const most = time.Duration(1<<63 - 1)
	if got := Exponential(time.Second, most).When(1 << 30); got != most {
		t.Errorf("got %v", got)
	}
	if got := WithJitter(Exponential(time.Second, most), 1).When(1 << 30); got != most {
		t.Errorf("with jitter: got %v", got)
	}
}

func TestJitterSpreadsDelays(t *testing.T) {
	limiter := WithJitter(Exponential(time.Second, time.Second), 0.5)
	shortest, longest := time.Hour, time.Duration(0)
	for range 1000 {
		d := limiter.When(0)
		shortest, longest = min(shortest, d), max(longest, d)
	}
	if shortest < time.Second || shortest > 1100*time.Millisecond || longest > 1500*time.Millisecond || longest < 1400*time.Millisecond {
		t.Errorf("from %v to %v", shortest, longest)
	}
}

func TestDefaultLimiterGrowsTo1000SecondsAndLetsTenASecondThrough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limiter := DefaultRateLimiter()
		if d := limiter.When(0); d < 5*time.Millisecond || d > 5500*time.Microsecond {
			t.Errorf("the first delay is %v", d)
		}
		for range 99 { // the rest of the burst
			limiter.When(0)
		}
		for i := range 50 { // ten a second from here on
			want := time.Duration(i+1) * 100 * time.Millisecond
			if d := limiter.When(0); d < want-time.Microsecond || d > want+want/10 {
				t.Errorf("delay %d after the burst is %v", i, d)
			}
		}
		if d := limiter.When(100); d < 1000*time.Second || d > 1100*time.Second {
			t.Errorf("the last delay is %v", d)
		}
	})
}

func TestBucketWithoutABurstLetsNothingThrough(t *testing.T) {
	if d := Bucket(10, 0).When(0); d < 100*365*24*time.Hour {
		t.Errorf("got %v", d)
	}
}
