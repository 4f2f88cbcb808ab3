package clientcmd

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestAFileIsChangedInPlace(t *testing.T) {
	path := write(t, "config", full)
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	err := Modify(t.Context(), link, func(f *File) error {
		f.CurrentContext = "exec"
		f.Users["new"] = &User{Token: "t"}
		delete(f.Users, "gcp")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	f, err := LoadFromFile(path)
	if err != nil || f.CurrentContext != "exec" || f.Users["new"].Token != "t" || f.Users["gcp"] != nil || f.Users["token"].Token != secret || len(f.unknown) != 2 {
		t.Errorf("got %v, %v", f, err)
	}
	info, err := os.Lstat(path)
	if err != nil || info.Mode() != 0o640 {
		t.Errorf("got %v, %v", info.Mode(), err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is gone: %v, %v", info, err)
	}
	left, err := filepath.Glob(path + ".*")
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %q, %v", left, err)
	}
}

func TestANewFileIsForTheUserAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", ".kube", "config")
	if err := Modify(t.Context(), path, func(f *File) error { f.CurrentContext = "x"; return nil }); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]os.FileMode{path: 0o600, filepath.Dir(path): 0o700 | os.ModeDir} {
		if info, err := os.Stat(name); err != nil || info.Mode() != want {
			t.Errorf("%s: got %v, %v", name, info, err)
		}
	}
}

func TestAChangeThatFailsChangesNothing(t *testing.T) {
	path := write(t, "config", full)
	no := errors.New("no")
	if err := Modify(t.Context(), path, func(f *File) error { f.CurrentContext = "x"; return no }); err != no {
		t.Errorf("got %v", err)
	}
	broken := write(t, "broken", "{")
	if err := Modify(t.Context(), broken, func(*File) error { t.Error("a malformed file was changed"); return nil }); err == nil {
		t.Error("a malformed file is no error")
	}
	for name, want := range map[string]string{path: full, broken: "{"} {
		if data, err := os.ReadFile(name); err != nil || string(data) != want {
			t.Errorf("%s was changed: %v", name, err)
		}
		if _, err := os.Stat(name + ".lock"); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is still locked: %v", name, err)
		}
	}
	dir := filepath.Dir(path)
	if err := Modify(t.Context(), filepath.Join(path, "config"), func(*File) error { return nil }); err == nil {
		t.Errorf("a file under the file %s was written", dir)
	}
}

func TestChangesAtTheSameTimeAreAllKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "config")
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			err := Modify(t.Context(), path, func(f *File) error { f.Users[fmt.Sprint(i)] = &User{}; return nil })
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if f, err := LoadFromFile(path); err != nil || len(f.Users) != 8 {
		t.Errorf("got %v, %v", f, err)
	}
}

func TestALockThatIsLeftBehindIsNamed(t *testing.T) {
	path := write(t, "config", full)
	write(t, path+".lock", "")
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		err := Modify(t.Context(), path, func(*File) error { t.Error("the lock was broken"); return nil })
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), path+".lock") || time.Since(start) != lockPatience {
			t.Errorf("got %v after %v", err, time.Since(start))
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := Modify(ctx, path, func(*File) error { return nil }); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	})
}

func TestRefreshedTokensAreWrittenBack(t *testing.T) {
	path := write(t, "config", full)
	other := write(t, "other", "{current-context: oidc}")
	t.Setenv(EnvVar, other+string(filepath.ListSeparator)+path)
	c, err := New(DefaultRules(), Overrides{}).RESTConfig()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.OIDC.Persist(t.Context(), "new id", "new refresh"); err != nil {
		t.Fatal(err)
	}
	f, err := LoadFromFile(path)
	if err != nil {
		t.Fatal(err)
	}
	config := f.Users["oidc"].AuthProvider.Config
	if config["id-token"] != "new id" || config["refresh-token"] != "new refresh" || config["client-secret"] != secret || config["idp-certificate-authority"] != "pki/issuer.crt" {
		t.Errorf("got %v", config)
	}
	if err := Modify(t.Context(), path, func(f *File) error { delete(f.Users, "oidc"); return nil }); err != nil {
		t.Fatal(err)
	}
	if err := c.OIDC.Persist(t.Context(), "x", "y"); err == nil || !strings.Contains(err.Error(), `no user "oidc"`) {
		t.Errorf("got %v", err)
	}
}
