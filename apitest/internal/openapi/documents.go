package openapi

import (
	"bytes"
	_ "embed" // the captured files
	"encoding/gob"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/klauspost/compress/zstd"
)

//go:embed documents.zst
var documents []byte

// Packed is the form in which the documents are stored.
type Packed struct {
	Paths  []string // such as "apis/apps/v1"
	Bodies [][]byte
}

// Pack returns the stored form of documents by path.
func Pack(docs map[string][]byte) Packed {
	var p Packed
	for _, path := range slices.Sorted(maps.Keys(docs)) {
		p.Paths, p.Bodies = append(p.Paths, path), append(p.Bodies, docs[path])
	}
	return p
}

// Documents returns the OpenAPI v3 documents of the built-in types, as JSON, by path, such as "apis/apps/v1". They are shared and must not
// be changed.
var Documents = sync.OnceValue(func() map[string][]byte {
	docs, err := unpack(documents)
	if err != nil {
		panic(fmt.Sprintf("apitest: read the captured OpenAPI documents: %v", err)) // they are part of the program
	}
	return docs
})

func unpack(compressed []byte) (map[string][]byte, error) {
	z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(64<<20))
	if err != nil {
		return nil, err
	}
	defer z.Close()
	data, err := z.DecodeAll(compressed, nil)
	if err != nil {
		return nil, err
	}
	var p Packed
	if err := gob.NewDecoder(bytes.NewReader(data)).Decode(&p); err != nil {
		return nil, err
	}
	docs := make(map[string][]byte, len(p.Paths))
	for i, path := range p.Paths {
		docs[path] = p.Bodies[i]
	}
	return docs, nil
}
