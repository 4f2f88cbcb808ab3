package house

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
)

// What the documents point at is there.
func TestEveryLinkAndEveryFileToReadFirstExists(t *testing.T) {
	documents := 0
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "." && strings.HasPrefix(d.Name(), "."):
			return fs.SkipDir
		case path.Ext(name) != ".md":
			return nil
		}
		documents++
		text, err := fs.ReadFile(root, name)
		report(t, brokenLinks(root, name, string(text)))
		return err
	})
	if err != nil || documents < 20 {
		t.Errorf("%d documents found: %v", documents, err)
	}
	plan, err := fs.ReadFile(root, "ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	report(t, missingFirsts(root, string(plan)))
}

// link is one in Markdown, without its anchor; links to elsewhere are not meant.
var link = regexp.MustCompile(`\]\(([\w./-]+)(?:#[\w-]*)?\)`)

// brokenLinks returns a sentence for each link of a document to a file that does not exist.
func brokenLinks(root fs.FS, document, text string) []string {
	var found []string
	for _, match := range link.FindAllStringSubmatch(text, -1) {
		target := path.Join(path.Dir(document), match[1])
		if _, err := fs.Stat(root, target); err != nil {
			found = append(found, fmt.Sprintf("%s links to %s, which does not exist", document, target))
		}
	}
	return found
}

// quoted is a name in a table's cell.
var quoted = regexp.MustCompile("`([^`]+)`")

// missingFirsts returns a sentence for each stage of the plan's table whose file to read first is in none of its folders.
func missingFirsts(root fs.FS, text string) []string {
	var found []string
	for line := range strings.Lines(text) {
		cells := strings.Split(line, "|")
		if len(cells) < 8 || !quoted.MatchString(cells[3]) {
			continue
		}
		for _, first := range quoted.FindAllStringSubmatch(cells[6], -1) {
			there := false
			for _, folder := range quoted.FindAllStringSubmatch(cells[3], -1) {
				_, err := fs.Stat(root, path.Join(folder[1], first[1]))
				there = there || err == nil
			}
			if !there {
				found = append(found, fmt.Sprintf("ARCHITECTURE.md says to read %s first, which is not in%s", first[1], strings.TrimRight(cells[3], " ")))
			}
		}
	}
	return found
}

func TestBrokenLinksAreNamed(t *testing.T) {
	house := fstest.MapFS{"docs/a.md": {}, "rest/config.go": {}, "clientcmd/load.go": {}}
	for text, want := range map[string]int{
		"[a](a.md), [a](a.md#part), [c](../rest/config.go), [out](https://example.com/x)": 0,
		"[b](b.md) and [c](rest/config.go)":                                               2,
	} {
		if got := brokenLinks(house, "docs/z.md", text); len(got) != want {
			t.Errorf("of %q it says %q", text, got)
		}
	}
	for text, want := range map[string]int{
		"| 2 | bytes | `rest/`, `clientcmd/` | in | who | `config.go`, `load.go` |\n": 0,
		"| 2 | bytes | `rest/` | in | who | `config.go`, `load.go` |\n":               1,
		"| | stage | folder | in | who | read first |\n":                              0,
	} {
		if got := missingFirsts(house, text); len(got) != want {
			t.Errorf("of %q it says %q", text, got)
		}
	}
}
