package main

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

const fileName = "zz_generated.go"

// staleFiles returns the paths, sorted, of the files whose contents differ from what they should be, that are missing, or that
// an earlier run left and this one does not write.
func staleFiles(root string, files map[string][]byte) ([]string, error) {
	var stale []string
	for path, want := range files {
		got, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(path)))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		if !bytes.Equal(got, want) {
			stale = append(stale, path)
		}
	}
	for _, top := range []string{"resource", "internal", "clientset", "informers"} {
		err := filepath.WalkDir(filepath.Join(root, top), func(path string, d fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil || d.Name() != fileName {
				return err
			}
			relative, err := filepath.Rel(root, path)
			if _, ours := files[filepath.ToSlash(relative)]; !ours {
				stale = append(stale, filepath.ToSlash(relative))
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	slices.Sort(stale)
	return stale, nil
}

// writeFiles brings the stale files up to date.
func writeFiles(root string, files map[string][]byte, stale []string) error {
	for _, path := range stale {
		name := filepath.Join(root, filepath.FromSlash(path))
		content, ok := files[path]
		if !ok {
			if err := os.Remove(name); err != nil {
				return err
			}
			continue
		}
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(name, content, 0o644); err != nil {
			return err
		}
	}
	return nil
}
