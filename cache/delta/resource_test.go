package delta_test

import (
	v1 "k8s.io/api/core/v1"

	"github.com/sheaf-dev/sheaf/resource"
)

var configMaps = resource.Define[*v1.ConfigMap]("", "v1", "configmaps", "ConfigMap", resource.Namespaced)
