package v1

const GroupName = "hooks.example.com"

// +genclient
// +genclient:noVerbs
type Hook struct{ Spec int }
