package rest

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// only answers 401 to every credential but one.
func only(authorization *string, seen *[]string) roundTrip {
	return func(req *http.Request) (*http.Response, error) {
		*seen = append(*seen, req.Header.Get("Authorization"))
		if req.Header.Get("Authorization") != *authorization {
			return answer(refuse(apierrors.NewUnauthorized("Unauthorized"))), nil
		}
		return answer(func(w http.ResponseWriter, _ *http.Request) {
			if req.Body != nil {
				_, _ = io.Copy(w, req.Body)
			}
		}), nil
	}
}

func writeFile(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestATokenFileIsReadAgainEachMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "token")
		writeFile(t, path, "one\n")
		want, seen := "Bearer one", []string(nil)
		client := through(t, only(&want, &seen), func(c *Config) { c.BearerTokenFile = path })
		get := func() {
			t.Helper()
			if err := client.Get().AbsPath("x").Do(t.Context()).Error(); err != nil {
				t.Error(err)
			}
		}
		get()
		writeFile(t, path, "two")
		time.Sleep(59 * time.Second)
		get() // the server still takes the old one
		want = "Bearer two"
		time.Sleep(time.Second)
		get()
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		get() // better an old token than none
		if len(seen) != 4 {
			t.Errorf("sent %q", seen)
		}
	})
}

func TestARejectedTokenIsReadAgainAtOnceAndTheRequestRepeatedOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token")
	writeFile(t, path, "one")
	want, seen := "Bearer one", []string(nil)
	client := through(t, only(&want, &seen), func(c *Config) { c.BearerTokenFile = path })
	writeFile(t, path, "two")
	want = "Bearer two"
	body, err := client.Post().AbsPath("x").Body([]byte("payload")).DoRaw(t.Context())
	if err != nil || string(body) != "payload" || len(seen) != 2 {
		t.Errorf("got %q, %v with %q", body, err, seen)
	}
	want, seen = "Bearer three", nil
	if err := client.Get().AbsPath("x").Do(t.Context()).Error(); !apierrors.IsUnauthorized(err) || len(seen) != 1 {
		t.Errorf("got %v with %q: the file has nothing new", err, seen)
	}
	if err := client.Post().AbsPath("x").Body(io.LimitReader(nil, 0)).Do(t.Context()).Error(); !apierrors.IsUnauthorized(err) {
		t.Errorf("got %v", err)
	}
}

func TestAStaticTokenIsSentOnceAndNeverReplacesTheRequestsOwn(t *testing.T) {
	want, seen := "Bearer other", []string(nil)
	client := through(t, only(&want, &seen), func(c *Config) { c.BearerToken = secret })
	if err := client.Get().AbsPath("x").Do(t.Context()).Error(); !apierrors.IsUnauthorized(err) {
		t.Errorf("got %v", err)
	}
	if err := client.Get().AbsPath("x").SetHeader("Authorization", want).Do(t.Context()).Error(); err != nil {
		t.Error(err)
	}
	if len(seen) != 2 || seen[0] != "Bearer "+secret || seen[1] != want {
		t.Errorf("sent %q", seen)
	}
}

func TestHeadersSayWhoIsAskingAndAsWhom(t *testing.T) {
	var got http.Header
	client := through(t, func(req *http.Request) (*http.Response, error) {
		got = req.Header
		return answer(func(http.ResponseWriter, *http.Request) {}), nil
	}, func(c *Config) {
		c.Username, c.Password = "joe", "pass:word"
		c.Impersonate = Impersonation{UserName: "jane", UID: "7", Groups: []string{"a", "b"}, Extra: map[string][]string{"example.com/x y%": {"1", "2"}}}
		c.UserAgent = "tester/1"
	})
	if err := client.Get().AbsPath("x").Do(t.Context()).Error(); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]string{
		"Authorization":     {"Basic am9lOnBhc3M6d29yZA=="},
		"User-Agent":        {"tester/1"},
		"Impersonate-User":  {"jane"},
		"Impersonate-Uid":   {"7"},
		"Impersonate-Group": {"a", "b"},
		"Impersonate-Extra-Example.com%2fx%20y%25": {"1", "2"},
	} {
		if values := got[name]; len(values) != len(want) || values[0] != want[0] || values[len(want)-1] != want[len(want)-1] {
			t.Errorf("%s is %q, want %q (have %v)", name, values, want, got)
		}
	}
}
