package v1

// +genclient
// +genclient:method=UpdateLid,verb=update,subresource=lid
// +genclient:method=CreateToken,verb=create,subresource=token,input=k8s.io/api/authentication/v1.TokenRequest,result=k8s.io/api/authentication/v1.TokenRequest
// +genclient:skipVerbs=deleteCollection

// Box has markers in a comment that does not touch it.
// +optional
type Box struct {
	Spec   int
	Status int
}

// BoxList is a list.
type BoxList struct{ Items []Box }

// Lid is no resource.
type Lid struct{ Status int }
