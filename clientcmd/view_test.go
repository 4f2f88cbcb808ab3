package clientcmd

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The files of testdata/view were written by kubectl 1.32: `config view`, with --raw, --minify and --flatten.
func TestWhatKubectlShowsIsWhatIsShown(t *testing.T) {
	const dir = "testdata/view"
	f, err := LoadFromFile(filepath.Join(dir, "all.in.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	outputs, err := filepath.Glob(dir + "/*.yaml")
	if err != nil || len(outputs) < 20 {
		t.Fatalf("%d files, %v", len(outputs), err)
	}
	for _, path := range outputs {
		context, how, _ := strings.Cut(strings.TrimSuffix(filepath.Base(path), ".yaml"), ".")
		if how == "in" {
			continue
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		got, err := shownAs(f, context, how)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		got = strings.Replace(got, "future: 1\n", "", 1) // kubectl drops what it does not know
		got = strings.Replace(got, "    future: 2\n", "", 1)
		if got != string(want) {
			t.Errorf("%s: got\n%s\nwant\n%s", path, got, want)
		}
	}
}

// The files of testdata/odd were written by kubectl 1.32, too; what it refuses has no output there.
func TestOddFilesAreReadAsKubectlReadsThem(t *testing.T) {
	inputs, err := filepath.Glob("testdata/odd/*.in.yaml")
	if err != nil || len(inputs) < 20 {
		t.Fatalf("%d files, %v", len(inputs), err)
	}
	for _, input := range inputs {
		name := strings.TrimSuffix(input, ".in.yaml")
		outputs := map[string]string{"raw": "all", "view": "all"}
		f, loadErr := LoadFromFile(input)
		if loadErr == nil {
			for context := range f.Contexts {
				if _, err := f.Minify(context); err != nil || isWord(context) {
					outputs["minify-"+context] = context
				}
			}
		}
		for how, context := range outputs {
			want, wantErr := os.ReadFile(name + "." + how + ".yaml")
			kind, _, _ := strings.Cut(how, "-")
			got, err := "", loadErr
			if err == nil {
				got, err = shownAs(f, context, kind)
				got = strings.Replace(got, "Clusters:\n- name: a\n", "", 1) // of a case that is not known, which kubectl drops
				got = strings.Replace(got, "    Server: X\n", "", 1)
			}
			if (err == nil) != (wantErr == nil) || got != string(want) {
				t.Errorf("%s as %s: got %v\n%s\nwant\n%s", input, how, err, got, want)
			}
		}
	}
}

func isWord(text string) bool {
	return text != "" && strings.Trim(text, "abcdefghijklmnopqrstuvwxyz") == ""
}

func shownAs(f *File, context, how string) (string, error) {
	var err error
	if context != "all" {
		if f, err = f.Minify(context); err != nil {
			return "", err
		}
	}
	switch how {
	case "view", "minify":
		f = f.View()
	case "flatten":
		if f, err = f.Flatten(); err != nil {
			return "", err
		}
	}
	data, err := f.Bytes()
	return string(data), err
}

func TestMinifyingAndFlatteningSayWhatIsMissing(t *testing.T) {
	path := write(t, "config", full)
	f, err := LoadFromFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for context, want := range map[string]string{
		"nope": `has no context "nope"`, "lost-user": `has no user "gone", which context "lost-user" names`, "lost-cluster": `has no cluster "gone"`,
	} {
		if _, err := f.Minify(context); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if _, err := f.Flatten(); err == nil || !strings.Contains(err.Error(), `certificate-authority: open `+filepath.Join(filepath.Dir(path), "pki/ca.crt")) {
		t.Errorf("got %v", err)
	}
	both, err := LoadBytes([]byte("users: [{name: u, user: {client-key: k, client-key-data: aw==}}]"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := both.Flatten(); err == nil || !strings.Contains(err.Error(), `user "u": client-key: there are both a file and data`) {
		t.Errorf("got %v", err)
	}
}
