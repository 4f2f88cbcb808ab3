package house

import (
	"fmt"
	"go/ast"
	"io/fs"
	"path"
	"regexp"
	"strings"
	"testing"
)

// Every promise names tests that exist, so that the table cannot outlive them.
func TestEveryPromiseNamesTestsThatExist(t *testing.T) {
	text, err := fs.ReadFile(root, "docs/promises.md")
	if err != nil {
		t.Fatal(err)
	}
	tests := testsOf(ownFiles(t), "")
	e2e, err := fs.Sub(root, "e2e")
	if err != nil {
		t.Fatal(err)
	}
	files, err := goFiles(e2e)
	if err != nil {
		t.Fatal(err)
	}
	for name := range testsOf(files, "e2e") {
		tests[name] = true
	}
	if n := strings.Count(string(text), "\n| "); n < 50 {
		t.Errorf("only %d promises found", n)
	}
	report(t, brokenPromises(string(text), tests))
}

// testsOf returns the tests, fuzz targets and examples in files of a module: "folder.TestName".
func testsOf(files []*file, module string) map[string]bool {
	tests := map[string]bool{}
	for _, f := range files {
		if !f.isTest() {
			continue
		}
		for _, decl := range f.Decls {
			if function, ok := decl.(*ast.FuncDecl); ok && function.Recv == nil {
				tests[path.Join(module, f.folder())+"."+function.Name.Name] = true
			}
		}
	}
	return tests
}

// named is a test in the text: a folder, a dot, a name.
var named = regexp.MustCompile("`([a-z0-9/]+\\.(?:Test|Fuzz|Example)[A-Za-z0-9_]*)`")

// brokenPromises returns a sentence for each row of a table that names no test, and for each test that does not exist.
func brokenPromises(text string, tests map[string]bool) []string {
	var found []string
	for line := range strings.Lines(text) {
		names := named.FindAllStringSubmatch(line, -1)
		row := strings.HasPrefix(line, "| ") && !strings.HasPrefix(line, "| promise ")
		if row && len(names) == 0 {
			found = append(found, fmt.Sprintf("no test is named in %q", strings.TrimSpace(line)))
		}
		if cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|"); row && strings.Count(cells[len(cells)-1], "`") != 2*len(names) {
			found = append(found, fmt.Sprintf("something that is no test is named in %q", strings.TrimSpace(line)))
		}
		for _, name := range names {
			if !tests[name[1]] {
				found = append(found, fmt.Sprintf("docs/promises.md names %s, which does not exist", name[1]))
			}
		}
	}
	return found
}

func TestBrokenPromisesAreNamed(t *testing.T) {
	files, err := goFiles(house(map[string]string{
		"cache/a_test.go": "package cache\n\nfunc TestKept(t *testing.T) {}\n",
		"cache/a.go":      "package cache\n\nfunc TestNotATest() {}\n",
	}))
	if err != nil {
		t.Fatal(err)
	}
	tests := testsOf(files, "")
	for text, want := range map[string]int{
		"| kept | `cache.TestKept` |\n":                      0,
		"| gone | `cache.TestGone` |\n":                      1,
		"| elsewhere | `store.TestKept` |\n":                 1,
		"| no test | `cache.TestNotATest` |\n":               1,
		"| nothing |  |\n":                                   1,
		"| no name | `cache.TestKept`, `the other one` |\n":  1,
		"Behind them stands `cache.TestGone`.\n":             1,
		"| promise | shown by |\n|---|---|\nText, no row.\n": 0,
	} {
		if got := brokenPromises(text, tests); len(got) != want {
			t.Errorf("of %q it says %q", text, got)
		}
	}
}
