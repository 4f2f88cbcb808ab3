package openapi

import (
	"archive/zip"
	"bytes"
	_ "embed" // the captured files
	"encoding/gob"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/runtime/schema"
	rules "sigs.k8s.io/structured-merge-diff/v6/schema"
	"sigs.k8s.io/structured-merge-diff/v6/typed"
)

//go:embed types.zip
var archive []byte

// Types are the merge rules of one group version.
type Types struct {
	Defs  []rules.TypeDef
	Kinds map[string]string // the name of a kind's definition, by KindName
}

// KindName is the key of a kind in Types.Kinds.
func KindName(group, version, kind string) string { return group + "/" + version + "/" + kind }

func init() {
	// Defaults of fields are of any type that JSON has.
	gob.Register(map[string]any{})
	gob.Register([]any{})
}

// parsed are the rules read so far, by group version.
var parsed sync.Map // schema.GroupVersion → func() parsedTypes

type parsedTypes struct {
	parser *typed.Parser
	kinds  map[string]string
}

// Type returns the merge rules of a kind. Not all kinds have them: the real server that was asked may not have served it.
func Type(gvk schema.GroupVersionKind) (typed.ParseableType, bool) {
	read, ok := parsed.Load(gvk.GroupVersion())
	if !ok {
		once := sync.OnceValue(func() parsedTypes { return readTypes(gvk.GroupVersion()) })
		read, _ = parsed.LoadOrStore(gvk.GroupVersion(), once)
	}
	types := read.(func() parsedTypes)()
	name, ok := types.kinds[KindName(gvk.Group, gvk.Version, gvk.Kind)]
	if !ok {
		return typed.ParseableType{}, false
	}
	return types.parser.Type(name), true
}

func readTypes(gv schema.GroupVersion) parsedTypes {
	types, err := readArchive(gv)
	if errors.Is(err, fs.ErrNotExist) {
		return parsedTypes{}
	}
	if err != nil {
		panic(fmt.Sprintf("apitest: read the merge rules of %s: %v", gv, err)) // they are part of the program
	}
	return parsedTypes{&typed.Parser{Schema: rules.Schema{Types: types.Defs}}, types.Kinds}
}

func readArchive(gv schema.GroupVersion) (types Types, err error) {
	z, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		return types, err
	}
	path := "apis/" + gv.String()
	if gv.Group == "" {
		path = "api/" + gv.Version
	}
	f, err := z.Open(path)
	if err != nil {
		return types, err
	}
	defer f.Close()
	return types, gob.NewDecoder(f).Decode(&types)
}

// MetaTypes returns the definitions of metadata, on which those of all kinds build.
func MetaTypes() []rules.TypeDef {
	types, err := readArchive(schema.GroupVersion{Version: "v1"})
	if err != nil {
		panic(fmt.Sprintf("apitest: read the merge rules of metadata: %v", err)) // they are part of the program
	}
	var out []rules.TypeDef
	for _, def := range types.Defs {
		if strings.HasPrefix(def.Name, "io.k8s.apimachinery.pkg.apis.meta.v1.") || strings.HasPrefix(def.Name, "__untyped") {
			out = append(out, def)
		}
	}
	return out
}
