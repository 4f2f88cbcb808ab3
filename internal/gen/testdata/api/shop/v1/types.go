package v1

// +genclient
// +genclient:nonNamespaced
// +genclient:method=GetScale,verb=get,subresource=scale,result=k8s.io/api/autoscaling/v1.Scale
// +genclient:method=UpdateScale,verb=update,subresource=scale,input=k8s.io/api/autoscaling/v1.Scale,result=k8s.io/api/autoscaling/v1.Scale
// +genclient:noStatus
type Policy struct{ Spec, Status int }

type PolicyList struct{ Items []Policy }

// +genclient
// +genclient:onlyVerbs=create
// +resourceName=questions
type Review struct{ Spec, Status int }

// +genclient
// +genclient:noVerbs
type Letter struct{ Spec int }
