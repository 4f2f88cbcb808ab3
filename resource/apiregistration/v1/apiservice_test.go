package v1_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"

	"go.uber.org/goleak"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/sheaf-dev/sheaf/resource"
	apiregistrationv1 "github.com/sheaf-dev/sheaf/resource/apiregistration/v1"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// everything has each field of the API.
const everything = `{
	"apiVersion":"apiregistration.k8s.io/v1","kind":"APIService","metadata":{"name":"v1beta1.metrics.k8s.io"},
	"spec":{"service":{"namespace":"kube-system","name":"metrics-server","port":8443},"group":"metrics.k8s.io","version":"v1beta1",
		"insecureSkipTLSVerify":true,"caBundle":"Y2E=","groupPriorityMinimum":100,"versionPriority":200},
	"status":{"conditions":[{"type":"Available","status":"False","lastTransitionTime":"2026-01-02T03:04:05Z","reason":"r","message":"it is down"}]}}`

func TestNoFieldOfAnAPIServiceIsLost(t *testing.T) {
	service := apiregistrationv1.APIServices.New()
	if err := json.Unmarshal([]byte(everything), service); err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(resource.Copy(service))
	if err != nil {
		t.Fatal(err)
	}
	var want, got any
	if json.Unmarshal([]byte(everything), &want) != nil || json.Unmarshal(again, &got) != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got  %s\nwant %s", again, everything)
	}
	if available, why := service.Available(); available || why != "it is down" {
		t.Errorf("available: %v, %q", available, why)
	}
}

func TestAnAPIServiceThatNobodyLookedAtIsNotAvailable(t *testing.T) {
	service := &apiregistrationv1.APIService{}
	if available, why := service.Available(); available || why == "" {
		t.Errorf("available: %v, %q", available, why)
	}
	service.Status.Conditions = []metav1.Condition{{Type: "Available", Status: "True"}}
	if available, _ := service.Available(); !available {
		t.Error("it is not available")
	}
}

func Example() {
	fmt.Println(apiregistrationv1.APIServices)
	// Output: apiservices.apiregistration.k8s.io/v1
}
