package house

import (
	"fmt"
	"go/ast"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/sheaf-dev/sheaf/resource/builtin"
)

// The list is what `go list k8s.io/client-go/...` says of v0.37, without what is generated for each API, parts of the packages named, examples and tests.
func TestEveryPackageOfClientGoHasACounterpartOrAReason(t *testing.T) {
	list, err := os.ReadFile("testdata/client-go-packages.txt")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := fs.ReadFile(root, "docs/from-client-go.md")
	if err != nil {
		t.Fatal(err)
	}
	for name := range strings.FieldsSeq(string(list)) {
		if !strings.Contains(string(doc), "`"+name+"`") {
			t.Errorf("docs/from-client-go.md does not say what does the job of %s", name)
		}
	}
}

func TestGroupVersionsThatAreGoneHaveNoDefinition(t *testing.T) {
	doc, err := fs.ReadFile(root, "docs/from-client-go.md")
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	for _, def := range builtin.Definitions() {
		there[def.GroupVersionResource().GroupVersion().String()] = true
	}
	_, section, _ := strings.Cut(string(doc), "## Group-versions that are gone")
	group, gone := "", 0
	for _, span := range codeSpan.FindAllStringSubmatch(section, -1) {
		name := span[1]
		if before, _, found := strings.Cut(name, "/"); found {
			group = before
		} else if name = group + "/" + name; !isVersion.MatchString(span[1]) {
			continue
		}
		if gone++; there[name] {
			t.Errorf("%s is there", name)
		}
	}
	if gone < 14 {
		t.Errorf("only %d are named", gone)
	}
}

var isVersion = regexp.MustCompile(`^v[0-9]+(?:(?:alpha|beta)[0-9]+)?$`)

// What the guide names on the right of its tables, packages and what is in them, is there.
func TestWhatTakesClientGosPlaceExists(t *testing.T) {
	doc, err := fs.ReadFile(root, "docs/from-client-go.md")
	if err != nil {
		t.Fatal(err)
	}
	names := exportedNames(ownFiles(t))
	if n := strings.Count(string(doc), "\n| "); n < 60 {
		t.Errorf("only %d rows found", n)
	}
	report(t, unknownNames(string(doc), names))
}

// exportedNames returns the folders of a module's packages, and what they export: "cache/store", "store.", "store.Reader", "store.Reader.List".
func exportedNames(files []*file) map[string]bool {
	names := map[string]bool{}
	for _, f := range files {
		if f.isTest() {
			continue
		}
		names[f.folder()], names[f.Name.Name+"."] = true, true
		for _, decl := range f.Decls {
			for _, name := range declared(decl) {
				names[f.Name.Name+"."+name] = true
			}
		}
	}
	return names
}

// declared returns the names that a declaration at the top of a file makes.
func declared(decl ast.Decl) (names []string) {
	if function, ok := decl.(*ast.FuncDecl); ok {
		if function.Recv == nil {
			return []string{function.Name.Name}
		}
		return []string{receiver(function.Recv.List[0].Type) + "." + function.Name.Name}
	}
	for _, spec := range decl.(*ast.GenDecl).Specs {
		switch spec := spec.(type) {
		case *ast.ValueSpec:
			for _, name := range spec.Names {
				names = append(names, name.Name)
			}
		case *ast.TypeSpec:
			names = append(names, spec.Name.Name)
			if fields, ok := spec.Type.(*ast.StructType); ok {
				for _, field := range fields.Fields.List {
					for _, name := range field.Names {
						names = append(names, spec.Name.Name+"."+name.Name)
					}
				}
			}
		}
	}
	return names
}

// receiver is the name of a method's type.
func receiver(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return receiver(e.X)
	case *ast.IndexExpr:
		return receiver(e.X)
	case *ast.IndexListExpr:
		return receiver(e.X)
	case *ast.Ident:
		return e.Name
	}
	return ""
}

var (
	codeSpan  = regexp.MustCompile("`([^`]+)`")
	asPackage = regexp.MustCompile(`^[a-z][a-z0-9]*(?:/[a-z0-9]+)*$`)
	qualified = regexp.MustCompile(`\b([a-z][a-z0-9]*)\.([A-Z]\w*(?:\.[A-Z]\w*)?)`)
)

// unknownNames returns a sentence for each package in the last column of a document's tables that does not exist, and for each name that its package
// does not have. What stands before the dot may also be a variable, or a package of another module.
func unknownNames(doc string, names map[string]bool) (found []string) {
	for line := range strings.Lines(doc) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), " | ")
		if !strings.HasPrefix(line, "| ") || len(cells) != 2 {
			continue
		}
		for _, span := range codeSpan.FindAllStringSubmatch(cells[1], -1) {
			if asPackage.MatchString(span[1]) && !names[span[1]] {
				found = append(found, fmt.Sprintf("there is no package %s", span[1]))
			}
			for _, name := range qualified.FindAllStringSubmatch(span[1], -1) {
				if name[1] != "v1" && names[name[1]+"."] && !names[name[0]] {
					found = append(found, fmt.Sprintf("there is no %s", name[0]))
				}
			}
		}
	}
	return found
}

func TestUnknownNamesAreNamed(t *testing.T) {
	files, err := goFiles(house(map[string]string{"a/b/b.go": "package b\n\ntype T[X any] struct{ F int }\n\nfunc (t *T[X]) M() {}\n\nvar V = 1\n"}))
	if err != nil {
		t.Fatal(err)
	}
	names := exportedNames(files)
	for text, want := range map[string]int{
		"| `x` | `a/b`, `b.T`, `b.T.F`, `b.T.M(b.V)`, `http.Client` |\n": 0,
		"| `x` | `a/c` |\n": 1, "| `x` | `b.U` |\n": 1, "| `x` | `b.T.N`, `x.Y` |\n": 1, "| `x.Y` | nothing |\n": 0, "In a text: `x.Y`.\n": 0,
	} {
		if got := unknownNames(text, names); len(got) != want {
			t.Errorf("of %q it says %q", text, got)
		}
	}
}
