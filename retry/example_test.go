package retry_test

import (
	"context"
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/sheaf-dev/sheaf/retry"
)

func ExampleOnConflict() {
	tries := 0
	err := retry.OnConflict(context.Background(), func(context.Context) error {
		tries++
		if tries < 3 { // somebody else was quicker
			return apierrors.NewConflict(schema.GroupResource{Resource: "pods"}, "cart-0", errors.New("modified"))
		}
		return nil
	})
	fmt.Println(tries, err)
	// Output: 3 <nil>
}
