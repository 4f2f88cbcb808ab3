// Command gen captures the OpenAPI documents of a real API server, which should serve alpha and beta APIs too, into the files that
// package openapi embeds. Run it in that package's folder:
//
//	go run ./gen -server https://127.0.0.1:6443 -token TOKEN
package main

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"crypto/tls"
	"encoding/gob"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"
	"k8s.io/kube-openapi/pkg/schemaconv"
	"k8s.io/kube-openapi/pkg/validation/spec"

	"github.com/sheaf-dev/sheaf/apitest/internal/openapi"
)

func main() {
	server := flag.String("server", "", "the server's URL; its certificate is not verified")
	token := flag.String("token", "", "a bearer token")
	flag.Parse()
	get := getter(*server, *token)
	if err := run(get); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func getter(server, token string) func(path string) ([]byte, error) {
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	return func(path string) ([]byte, error) {
		r, err := http.NewRequest(http.MethodGet, server+path, nil)
		if err != nil {
			return nil, err
		}
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Accept", "application/json")
		resp, err := client.Do(r)
		if err != nil {
			return nil, err
		}
		defer resp.Body.Close()
		data, err := io.ReadAll(resp.Body)
		if err == nil && resp.StatusCode != http.StatusOK {
			err = fmt.Errorf("GET %s: %s", path, resp.Status)
		}
		return data, err
	}
}

func run(get func(string) ([]byte, error)) error {
	index, err := get("/openapi/v3")
	if err != nil {
		return err
	}
	var paths struct {
		Paths map[string]struct {
			ServerRelativeURL string `json:"serverRelativeURL"`
		} `json:"paths"`
	}
	if err := json.Unmarshal(index, &paths); err != nil {
		return err
	}
	docs := map[string][]byte{}
	for path, at := range paths.Paths {
		if strings.Contains(path, "openid") {
			continue // the tokens of service accounts are not signed by a key pair
		}
		if docs[path], err = get(at.ServerRelativeURL); err != nil {
			return err
		}
	}
	if err := writeDocuments(docs); err != nil {
		return err
	}
	return writeTypes(docs)
}

// writeDocuments writes all documents into one compressed file: they repeat each other's definitions.
func writeDocuments(docs map[string][]byte) error {
	var all bytes.Buffer
	if err := gob.NewEncoder(&all).Encode(openapi.Pack(docs)); err != nil {
		return err
	}
	z, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithWindowSize(16<<20), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return err
	}
	return os.WriteFile("documents.zst", z.EncodeAll(all.Bytes(), nil), 0o644)
}

// writeTypes writes the merge rules of each group version into an archive.
func writeTypes(docs map[string][]byte) error {
	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestCompression) })
	for _, path := range slices.Sorted(maps.Keys(docs)) {
		types, err := typesOf(docs[path])
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		if len(types.Kinds) == 0 {
			continue
		}
		w, err := z.Create(path)
		if err != nil {
			return err
		}
		if err := gob.NewEncoder(w).Encode(types); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	if err := z.Close(); err != nil {
		return err
	}
	return os.WriteFile("types.zip", archive.Bytes(), 0o644)
}

func typesOf(doc []byte) (openapi.Types, error) {
	var parsed struct {
		Components struct {
			Schemas map[string]*spec.Schema `json:"schemas"`
		} `json:"components"`
	}
	if err := json.Unmarshal(doc, &parsed); err != nil {
		return openapi.Types{}, err
	}
	rules, err := schemaconv.ToSchemaFromOpenAPI(parsed.Components.Schemas, false)
	if err != nil {
		return openapi.Types{}, err
	}
	types := openapi.Types{Defs: rules.Types, Kinds: map[string]string{}}
	for name, model := range parsed.Components.Schemas {
		list, _ := model.Extensions["x-kubernetes-group-version-kind"].([]any)
		for _, item := range list {
			gvk, _ := item.(map[string]any)
			kind, _ := gvk["kind"].(string)
			group, _ := gvk["group"].(string)
			version, _ := gvk["version"].(string)
			types.Kinds[openapi.KindName(group, version, kind)] = name
		}
	}
	return types, nil
}
