package reflector_test

import (
	"fmt"
	"time"

	"github.com/sheaf-dev/sheaf/cache/reflector"
)

// A back-off that never waits longer than five seconds, for a server that is known to be small.
func ExampleBackoff() {
	var patient reflector.Backoff = func(failures int) time.Duration {
		return min(5*time.Second, time.Duration(failures)*time.Second)
	}
	fmt.Println(patient(1), patient(100))
	// Output: 1s 5s
}
