package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var versionName = regexp.MustCompile(`^v\d+((alpha|beta)\d+)?$`)

// readSource reads all packages <group>/<version> of k8s.io/api that have a resource, sorted by folder.
func readSource(dir string) ([]*apiVersion, error) {
	folders, err := filepath.Glob(filepath.Join(dir, "*", "v[0-9]*"))
	if err != nil {
		return nil, err
	}
	var versions []*apiVersion
	for _, folder := range folders {
		if !versionName.MatchString(filepath.Base(folder)) {
			continue
		}
		v, err := readPackage(dir, folder)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", folder, err)
		}
		// A package without any resource that can be reached describes webhooks and documents, not an API of the server.
		if slices.ContainsFunc(v.Resources, (*apiResource).Served) {
			versions = append(versions, v)
		}
	}
	if len(versions) == 0 {
		return nil, fmt.Errorf("%s: no package has a type with the marker +genclient", dir)
	}
	slices.SortFunc(versions, func(a, b *apiVersion) int { return strings.Compare(a.Folder, b.Folder) })
	return versions, nil
}

func readPackage(dir, folder string) (*apiVersion, error) {
	names, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		return nil, err
	}
	fset := token.NewFileSet()
	var files []*ast.File
	for _, name := range names {
		if base := filepath.Base(name); strings.HasPrefix(base, "zz_generated") || strings.HasSuffix(base, "_test.go") || base == "generated.pb.go" {
			continue
		}
		source, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		file, err := parser.ParseFile(fset, name, source, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	relative, err := filepath.Rel(dir, folder)
	if err != nil {
		return nil, err
	}
	v := &apiVersion{Folder: filepath.ToSlash(relative), Version: filepath.Base(folder)}
	if v.Group, err = groupName(files); err != nil {
		return nil, err
	}
	types := structTypes(files)
	for kind, t := range types {
		if !t.markers.has("+genclient") {
			continue
		}
		r, err := t.markers.resource(v, kind, hasField(t.definition, "Status"))
		if err != nil {
			return nil, err
		}
		if _, listed := types[kind+"List"]; r.has("list") && !listed {
			return nil, fmt.Errorf("%s can be listed, but there is no type %sList", kind, kind)
		}
		v.Resources = append(v.Resources, r)
	}
	slices.SortFunc(v.Resources, func(a, b *apiResource) int { return strings.Compare(a.Name, b.Name) })
	return v, nil
}

// groupName finds the constant GroupName, under which the package registers its types.
func groupName(files []*ast.File) (string, error) {
	for _, file := range files {
		for _, decl := range file.Decls {
			constants, ok := decl.(*ast.GenDecl)
			if !ok || constants.Tok != token.CONST {
				continue
			}
			for _, spec := range constants.Specs {
				constant := spec.(*ast.ValueSpec)
				if constant.Names[0].Name != "GroupName" || len(constant.Values) != 1 {
					continue
				}
				if literal, ok := constant.Values[0].(*ast.BasicLit); ok {
					return strconv.Unquote(literal.Value)
				}
			}
		}
	}
	return "", fmt.Errorf("no constant GroupName")
}

type structType struct {
	definition *ast.StructType
	markers    markers
}

// structTypes returns the struct types by name. A type's markers are all the comments between the declaration before it and
// its own, not only the one that touches it.
func structTypes(files []*ast.File) map[string]structType {
	types := map[string]structType{}
	for _, file := range files {
		end := file.Name.End()
		for _, decl := range file.Decls {
			from := end
			end = decl.End()
			declared, ok := decl.(*ast.GenDecl)
			if !ok || declared.Tok != token.TYPE || len(declared.Specs) != 1 {
				continue
			}
			spec := declared.Specs[0].(*ast.TypeSpec)
			if definition, ok := spec.Type.(*ast.StructType); ok {
				types[spec.Name.Name] = structType{definition, markersBetween(file, from, declared.TokPos)}
			}
		}
	}
	return types
}

func markersBetween(file *ast.File, from, to token.Pos) markers {
	var found markers
	for _, group := range file.Comments {
		if group.Pos() < from || group.End() > to {
			continue
		}
		for _, comment := range group.List {
			line := strings.TrimSpace(strings.TrimPrefix(comment.Text, "//"))
			if strings.HasPrefix(line, "+") {
				found = append(found, line)
			}
		}
	}
	return found
}

func hasField(definition *ast.StructType, name string) bool {
	for _, field := range definition.Fields.List {
		for _, n := range field.Names {
			if n.Name == name {
				return true
			}
		}
	}
	return false
}
