package apitest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/yaml"
	sigsyaml "sigs.k8s.io/yaml"

	"github.com/sheaf-dev/sheaf/apitest/internal/crd"
)

// Load stores the objects of all manifests in a file system, such as os.DirFS("testdata") or an embed.FS: files ending in .yaml, .yml or
// .json, each with one or more documents, which may be Lists. Objects are stored as Objects.Put does, their status included;
// CustomResourceDefinitions come first, then namespaces. An object without a namespace that needs one goes into "default". An error names the
// file; what was loaded before it stays.
func (s *Server) Load(fsys fs.FS) error {
	var manifests []manifest
	err := fs.WalkDir(fsys, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !slices.Contains([]string{".yaml", ".yml", ".json"}, path.Ext(name)) {
			return err
		}
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		found, err := parseManifests(name, data)
		manifests = append(manifests, found...)
		return err
	})
	if err != nil {
		return fmt.Errorf("load manifests: %w", err)
	}
	slices.SortStableFunc(manifests, func(a, b manifest) int { return a.rank() - b.rank() })
	for _, m := range manifests {
		if err := s.load(m); err != nil {
			return fmt.Errorf("load %s: %w", m.file, err)
		}
	}
	return nil
}

// manifest is one object of a file.
type manifest struct {
	file string
	kind schema.GroupVersionKind
	body []byte // JSON
}

// rank orders what others need before them.
func (m manifest) rank() int {
	switch {
	case m.kind == crd.Resource.Definition().GroupVersionKind():
		return 0
	case m.kind.Group == "" && m.kind.Kind == "Namespace":
		return 1
	}
	return 2
}

func parseManifests(file string, data []byte) ([]manifest, error) {
	reader := yaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(data)))
	var out []manifest
	for {
		document, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		body, err := sigsyaml.YAMLToJSON(document)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		if string(bytes.TrimSpace(body)) == "null" {
			continue // only comments
		}
		if out, err = appendManifests(out, file, body); err != nil {
			return nil, err
		}
	}
}

// appendManifests appends an object, or the objects of a list.
func appendManifests(out []manifest, file string, body []byte) ([]manifest, error) {
	var head struct {
		metav1.TypeMeta `json:",inline"`
		Items           []json.RawMessage `json:"items"`
	}
	if err := json.Unmarshal(body, &head); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if head.Kind == "" || head.APIVersion == "" {
		return nil, fmt.Errorf("%s: an object without kind or apiVersion", file)
	}
	if head.Kind != "List" {
		return append(out, manifest{file, head.GroupVersionKind(), body}), nil
	}
	for _, item := range head.Items {
		var err error
		if out, err = appendManifests(out, file, item); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (s *Server) load(m manifest) error {
	k, ok := s.kinds.ForKind(m.kind)
	if !ok {
		return fmt.Errorf("%s is not served: list it in Options.Resources, or load its CustomResourceDefinition", m.kind)
	}
	obj, problems, err := k.DecodeJSON(m.body)
	if err == nil {
		err = errors.Join(problems...)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", m.kind.Kind, err)
	}
	if k.Namespaced() && obj.GetNamespace() == "" {
		obj.SetNamespace(metav1.NamespaceDefault)
	}
	if _, err := s.objects.Put(k, obj); err != nil {
		return fmt.Errorf("%s %q: %w", m.kind.Kind, obj.GetName(), err)
	}
	return nil
}
