package clientcmd

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// ErrNoConfig is what is returned, wrapped, if no kubeconfig file exists and there is nothing else to go by.
var ErrNoConfig = errors.New("there is no configuration")

// EnvVar is the environment variable with the list of kubeconfig files, separated like PATH.
const EnvVar = "KUBECONFIG"

// Rules say which kubeconfig files to read. Use DefaultRules, or fill in one field.
type Rules struct {
	// ExplicitPath is the only file to read, and must exist.
	ExplicitPath string
	// Paths are files to read and merge, if ExplicitPath is empty. Those that do not exist are passed over.
	Paths []string
	// Getter yields the content instead, if it is set.
	Getter func() (*File, error)
}

// DefaultRules are those of kubectl: the files that $KUBECONFIG lists or, if it is not set, ~/.kube/config.
func DefaultRules() Rules { return defaultRules(os.Getenv, os.UserHomeDir) }

func defaultRules(getenv func(string) string, home func() (string, error)) Rules {
	if list := getenv(EnvVar); list != "" {
		var paths []string
		for _, path := range filepath.SplitList(list) {
			if path != "" && !slices.Contains(paths, path) {
				paths = append(paths, path)
			}
		}
		return Rules{Paths: paths}
	}
	dir, err := home()
	if err != nil {
		return Rules{}
	}
	return Rules{Paths: []string{filepath.Join(dir, ".kube", "config")}}
}

// Load reads what the rules say. If no file exists, the result is empty, without an error, unless there is an ExplicitPath.
func (r Rules) Load() (*File, error) {
	switch {
	case r.Getter != nil:
		return r.Getter()
	case r.ExplicitPath != "":
		return LoadFromFile(r.ExplicitPath)
	}
	merged := newFile()
	for _, path := range r.Paths {
		f, err := LoadFromFile(path)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		merged.merge(f)
	}
	return merged, nil
}

// Load reads kubeconfig files and merges them: of entries with the same name, and of the current context, the first file's counts. All
// must exist. Relative paths in a file are relative to that file.
func Load(paths ...string) (*File, error) {
	merged := newFile()
	for _, path := range paths {
		f, err := LoadFromFile(path)
		if err != nil {
			return nil, err
		}
		merged.merge(f)
	}
	return merged, nil
}

// LoadFromFile reads one kubeconfig file. Relative paths in it are relative to it.
func LoadFromFile(path string) (*File, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("kubeconfig: %w", err)
	}
	f, err := parse(data, path)
	if err != nil {
		return nil, fmt.Errorf("kubeconfig %s is malformed: %w", path, err)
	}
	f.sources = []string{path}
	return f, nil
}

// merge adds what other has and f has not.
func (f *File) merge(other *File) {
	if f.CurrentContext == "" {
		f.CurrentContext = other.CurrentContext
	}
	addMissing(&f.Clusters, other.Clusters)
	addMissing(&f.Users, other.Users)
	addMissing(&f.Contexts, other.Contexts)
	addMissing(&f.Extensions, other.Extensions)
	addMissing((*map[string]json.RawMessage)(&f.unknown), other.unknown)
	f.sources = append(f.sources, other.sources...)
}

func addMissing[T any](into *map[string]T, from map[string]T) {
	for name, value := range from {
		if _, exists := (*into)[name]; exists {
			continue
		}
		if *into == nil {
			*into = map[string]T{}
		}
		(*into)[name] = value
	}
}

// Empty says whether there is no entry and no current context.
func (f *File) Empty() bool {
	return len(f.Clusters) == 0 && len(f.Users) == 0 && len(f.Contexts) == 0 && f.CurrentContext == ""
}

// Sources returns the files that were read.
func (f *File) Sources() []string { return slices.Clone(f.sources) }

// name is how messages call the file.
func (f *File) name() string {
	switch len(f.sources) {
	case 0:
		return "kubeconfig"
	case 1:
		return "kubeconfig " + f.sources[0]
	}
	return "kubeconfig files " + strings.Join(f.sources, ", ")
}
