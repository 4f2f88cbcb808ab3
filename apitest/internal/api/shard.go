package api

import (
	"fmt"
	"regexp"
	"strings"

	"k8s.io/apimachinery/pkg/sharding"

	"github.com/sheaf-dev/sheaf/apitest/internal/history"
)

// shardRange is one range of a shard selector.
var shardRange = regexp.MustCompile(`^\s*shardRange\(\s*([\w.]+)\s*,\s*['"](0x[0-9a-f]{16,17})['"]\s*,\s*['"](0x[0-9a-f]{16,17})['"]\s*\)\s*$`)

// beyond is the end of the last range.
const beyond = "0x10000000000000000"

// shard reads a shard selector: ranges of hashes of the objects' uids or namespaces, of which one must match. It also returns its
// canonical form.
func shard(text string) (func(*history.Version) bool, string, error) {
	type hashes struct{ from, to string }
	var ranges []hashes
	var canonical []string
	field := ""
	for term := range strings.SplitSeq(text, "||") {
		parts := shardRange.FindStringSubmatch(term)
		switch {
		case parts == nil:
			return nil, "", badShard("%q is not of the form shardRange(field, 'hexStart', 'hexEnd')", strings.TrimSpace(term))
		case parts[1] != "object.metadata.uid" && parts[1] != "object.metadata.namespace":
			return nil, "", badShard("unsupported field path %q; supported: object.metadata.uid, object.metadata.namespace", parts[1])
		case field != "" && field != parts[1]:
			return nil, "", badShard("all shard ranges must use the same field, got %q and %q", field, parts[1])
		case len(parts[2]) > 18 || len(parts[3]) > 18 && parts[3] != beyond:
			return nil, "", badShard("hex values have 16 digits")
		case !sharding.HexLess(parts[2], parts[3]):
			return nil, "", badShard("shard range start %s must be less than end %s", parts[2], parts[3])
		}
		field = parts[1]
		ranges = append(ranges, hashes{parts[2], parts[3]})
		canonical = append(canonical, fmt.Sprintf("shardRange(%s, '%s', '%s')", parts[1], parts[2], parts[3]))
	}
	return func(v *history.Version) bool {
		value := v.UID
		if field == "object.metadata.namespace" {
			value = v.Namespace
		}
		hash := "0x" + sharding.HashField(value)
		for _, r := range ranges {
			if !sharding.HexLess(hash, r.from) && sharding.HexLess(hash, r.to) {
				return true
			}
		}
		return false
	}, strings.Join(canonical, " || "), nil
}

// badShard is a plain error, which the real server answers by 500.
func badShard(format string, arguments ...any) error {
	return fmt.Errorf("invalid shardSelector: "+format, arguments...)
}
