package house

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// file is one Go file of the module, parsed.
type file struct {
	path string
	text string
	*ast.File
}

func (f *file) folder() string  { return path.Dir(f.path) }
func (f *file) isTest() bool    { return strings.HasSuffix(f.path, "_test.go") }
func (f *file) generated() bool { return ast.IsGenerated(f.File) }

// goFiles parses all Go files of the module whose root is given; modules below it, testdata and hidden folders are left out.
func goFiles(root fs.FS) ([]*file, error) {
	var files []*file
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			_, noModule := fs.Stat(root, path.Join(name, "go.mod"))
			if name != "." && (noModule == nil || d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".")) {
				return fs.SkipDir
			}
			return nil
		}
		if path.Ext(name) != ".go" {
			return nil
		}
		text, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ParseComments|parser.SkipObjectResolution)
		files = append(files, &file{name, string(text), parsed})
		return err
	})
	return files, err
}

// badImports returns a sentence for each import, in files that are no tests, that the plan forbids, and for each folder without a
// line in the plan.
func badImports(files []*file) []string {
	var found []string
	unplanned := map[string]bool{}
	for _, f := range files {
		if f.isTest() {
			continue
		}
		if place(f.folder()) < 0 && !unplanned[f.folder()] {
			unplanned[f.folder()] = true
			found = append(found, fmt.Sprintf("folder %s has no line in internal/house/plan_test.go", f.folder()))
		}
		for _, spec := range f.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				imported = spec.Path.Value
			}
			var why string
			if inside, ok := strings.CutPrefix(imported, module+"/"); ok {
				why = forbidden(f.folder(), inside)
			} else {
				why = forbiddenModule(f.folder(), imported)
			}
			if why != "" {
				found = append(found, fmt.Sprintf("%s imports %s: %s", f.path, imported, why))
			}
		}
	}
	return found
}

// undocumented returns a sentence for each folder on the way whose doc.go does not name its stage, and for each package without a
// package comment.
func undocumented(files []*file) []string {
	documented, folders := map[string]bool{}, map[string]bool{}
	docs := map[string]string{}
	for _, f := range files {
		if f.isTest() {
			continue
		}
		folders[f.folder()] = true
		if f.Doc != nil {
			documented[f.folder()] = true
		}
		if path.Base(f.path) == "doc.go" {
			docs[f.folder()] = f.Doc.Text()
		}
	}
	var found []string
	for dir := range folders {
		if !documented[dir] {
			found = append(found, fmt.Sprintf("package %s has no package comment", dir))
		}
	}
	for _, f := range plan {
		if f.stage == beside || !folders[f.path] || f.path == "resource/builtin" {
			continue
		}
		if want := fmt.Sprintf("Stage %d.", f.stage); !strings.Contains(docs[f.path], want) {
			found = append(found, fmt.Sprintf("%s/doc.go does not say %q", f.path, want))
		}
	}
	slices.Sort(found)
	return found
}

const generatedName = "zz_generated.go"

// badlyMarked returns a sentence for each file that is generated and does not look so, or the other way round.
func badlyMarked(files []*file) []string {
	var found []string
	for _, f := range files {
		named := strings.HasPrefix(path.Base(f.path), "zz_generated")
		switch {
		case named && !f.generated():
			found = append(found, fmt.Sprintf("%s lacks the line \"// Code generated … DO NOT EDIT.\"", f.path))
		case f.generated() && path.Base(f.path) != generatedName:
			found = append(found, fmt.Sprintf("%s is generated, and is not called %s", f.path, generatedName))
		}
	}
	return found
}

// withoutLeakCheck returns a sentence for each package whose tests do not end with a check for leaked goroutines.
func withoutLeakCheck(files []*file) []string {
	checked := map[string]bool{}
	for _, f := range files {
		if f.isTest() {
			checked[f.folder()] = checked[f.folder()] || checksLeaks(f)
		}
	}
	var found []string
	for dir, ok := range checked {
		if !ok {
			found = append(found, fmt.Sprintf("the tests of %s have no TestMain that uses goleak", dir))
		}
	}
	slices.Sort(found)
	return found
}

// checksLeaks says whether a file has a TestMain that calls goleak.
func checksLeaks(f *file) bool {
	for _, decl := range f.Decls {
		function, ok := decl.(*ast.FuncDecl)
		if !ok || function.Name.Name != "TestMain" || function.Recv != nil {
			continue
		}
		found := false
		ast.Inspect(function.Body, func(n ast.Node) bool {
			if pkg, ok := n.(*ast.Ident); ok && pkg.Name == "goleak" {
				found = true
			}
			return !found
		})
		return found
	}
	return false
}

// badRequirements returns a sentence for each module that a go.mod requires and must not.
func badRequirements(goMod string) []string {
	var found []string
	for line := range strings.Lines(goMod) {
		for _, module := range []string{"k8s.io/client-go", "sigs.k8s.io/controller-runtime", "k8s.io/kubernetes"} {
			if slices.Contains(strings.Fields(line), module) {
				found = append(found, fmt.Sprintf("go.mod mentions %s", module))
			}
		}
	}
	return found
}
