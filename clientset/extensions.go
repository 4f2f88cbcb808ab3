package clientset

import (
	"github.com/sheaf-dev/sheaf/clientset/typed"
	apiextensionsv1 "github.com/sheaf-dev/sheaf/resource/apiextensions/v1"
	apiregistrationv1 "github.com/sheaf-dev/sheaf/resource/apiregistration/v1"
)

// ApiextensionsV1 has the clients of apiextensions.k8s.io/v1.
type ApiextensionsV1 struct{ groupVersion }

// ApiextensionsV1 returns the clients of apiextensions.k8s.io/v1.
func (c *Clientset) ApiextensionsV1() ApiextensionsV1 {
	return ApiextensionsV1{c.groupVersion("apiextensions.k8s.io", "v1")}
}

// CustomResourceDefinitions is the client of customresourcedefinitions.
func (g ApiextensionsV1) CustomResourceDefinitions() typed.Client[*apiextensionsv1.CustomResourceDefinition] {
	return typed.For(g.server, apiextensionsv1.CustomResourceDefinitions)
}

// ApiregistrationV1 has the clients of apiregistration.k8s.io/v1.
type ApiregistrationV1 struct{ groupVersion }

// ApiregistrationV1 returns the clients of apiregistration.k8s.io/v1.
func (c *Clientset) ApiregistrationV1() ApiregistrationV1 {
	return ApiregistrationV1{c.groupVersion("apiregistration.k8s.io", "v1")}
}

// APIServices is the client of apiservices.
func (g ApiregistrationV1) APIServices() typed.Client[*apiregistrationv1.APIService] {
	return typed.For(g.server, apiregistrationv1.APIServices)
}
