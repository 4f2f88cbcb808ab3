package rest

import (
	"context"
	"net/http"
	"reflect"
	"testing"
)

func TestWarningsAreReadFromTheirHeader(t *testing.T) {
	for value, want := range map[string][]string{
		`299 - "policy/v1beta1 is deprecated"`:          {"policy/v1beta1 is deprecated"},
		`299 - "one", 299 - "two, \"quoted\" \\ there"`: {"one", `two, "quoted" \ there`},
		`299 - "dated" "Sat, 25 Aug 2012 23:34:45 GMT"`: {"dated"},
		`299 - "escape ` + "\x1b[31m" + `"`:             {"escape  [31m"},
		`199 - "of another code", 299 - "mine"`:         {"mine"},
		`299 - "unfinished`:                             nil,
		`299 "no agent"`:                                nil,
		`what - "ever"`:                                 nil,
		`299 - "good" trailing, 299 - "not looked for"`: nil,
		``:                         nil,
		`,,, 299 - "after commas"`: {"after commas"},
		`299 - ""`:                 {""},
		`299 - "one"` + "," + `299 example.com "two"` + ",": {"one", "two"},
	} {
		var got []string
		for _, w := range parseWarnings(http.Header{"Warning": {value}}) {
			got = append(got, w.Text)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %q, want %q", value, got, want)
		}
	}
}

func TestWarningsReachTheHandlerAndTheResult(t *testing.T) {
	var handled []Warning
	client := through(t, func(*http.Request) (*http.Response, error) {
		return answer(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Add("Warning", `299 - "first"`)
			w.Header().Add("Warning", `299 - "second"`)
		}), nil
	}, func(c *Config) { c.Warnings = func(_ context.Context, w Warning) { handled = append(handled, w) } })
	result := client.Get().AbsPath("x").Do(t.Context())
	want := []Warning{{299, "-", "first"}, {299, "-", "second"}}
	if !reflect.DeepEqual(handled, want) || !reflect.DeepEqual(result.Warnings(), want) {
		t.Errorf("handled %v, result %v", handled, result.Warnings())
	}
}
