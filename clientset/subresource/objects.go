package subresource

import (
	"context"

	authenticationv1 "k8s.io/api/authentication/v1"
	certificatesv1 "k8s.io/api/certificates/v1"
	api "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/clientset/typed"
	"github.com/sheaf-dev/sheaf/resource"
	certificates "github.com/sheaf-dev/sheaf/resource/certificates/v1"
	corev1 "github.com/sheaf-dev/sheaf/resource/core/v1"
)

// tokenRequests is no resource of its own.
var tokenRequests = resource.Define[*authenticationv1.TokenRequest]("authentication.k8s.io", "v1", "tokenrequests", "TokenRequest",
	resource.Namespaced, resource.Builtin(), resource.WithVerbs(resource.VerbCreate))

// RequestToken asks for a token of the named service account, which the answer's status has. The server may shorten or lengthen the time
// that the request asks for.
func RequestToken(ctx context.Context, accounts typed.Client[*api.ServiceAccount], name string, request *authenticationv1.TokenRequest,
	opts metav1.CreateOptions) (*authenticationv1.TokenRequest, error) {
	return typed.SubresourceOf(accounts, "token", tokenRequests).Create(ctx, name, request, opts)
}

// Finalize replaces the finalizers in the spec of a namespace that is being deleted. Without the last one, the namespace goes away.
func Finalize(ctx context.Context, namespaces typed.Client[*api.Namespace], namespace *api.Namespace, opts metav1.UpdateOptions) (*api.Namespace, error) {
	return typed.SubresourceOf(namespaces, "finalize", corev1.Namespaces).Update(ctx, namespace.Name, namespace, opts)
}

// UpdateApproval replaces the conditions Approved and Denied of a certificate signing request, and no other.
func UpdateApproval(ctx context.Context, requests typed.Client[*certificatesv1.CertificateSigningRequest],
	request *certificatesv1.CertificateSigningRequest, opts metav1.UpdateOptions) (*certificatesv1.CertificateSigningRequest, error) {
	return typed.SubresourceOf(requests, "approval", certificates.CertificateSigningRequests).Update(ctx, request.Name, request, opts)
}
