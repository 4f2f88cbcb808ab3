package rest

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"testing"

	coreapi "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/sheaf-dev/sheaf/internal/decode"
)

// canned answers every request with the same bytes.
func canned(b *testing.B, contentType string, data []byte) *Client {
	b.Helper()
	client, err := NewClient(&Config{Host: "https://example.com", Transport: roundTrip(func(*http.Request) (*http.Response, error) {
		header := http.Header{"Content-Type": {contentType}}
		return &http.Response{StatusCode: 200, Header: header, ContentLength: int64(len(data)), Body: io.NopCloser(bytes.NewReader(data))}, nil
	})})
	if err != nil {
		b.Fatal(err)
	}
	return client
}

func BenchmarkGet(b *testing.B) {
	data, err := decode.Encode(pods, ContentTypeProtobuf, pod("a", "b"))
	if err != nil {
		b.Fatal(err)
	}
	client := canned(b, ContentTypeProtobuf, data).ForResource(pods).Namespace("a")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := client.Get(b.Context(), "b", metav1.GetOptions{ResourceVersion: "0"}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkListOf500(b *testing.B) {
	list := coreapi.PodList{ListMeta: metav1.ListMeta{ResourceVersion: "5"}}
	for i := range 500 {
		list.Items = append(list.Items, *pod("a", fmt.Sprint("pod-", i)))
	}
	raw, err := list.Marshal()
	if err != nil {
		b.Fatal(err)
	}
	envelope, err := (&runtime.Unknown{TypeMeta: runtime.TypeMeta{APIVersion: "v1", Kind: "PodList"}, Raw: raw}).Marshal()
	if err != nil {
		b.Fatal(err)
	}
	client := canned(b, ContentTypeProtobuf, append([]byte("k8s\x00"), envelope...)).ForResource(pods)
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		if _, err := client.List(b.Context(), metav1.ListOptions{}, func(Item) error { n++; return nil }); err != nil || n != 500 {
			b.Fatal(n, err)
		}
	}
}
