package metrics_test

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/sheaf-dev/sheaf/metrics"
	"github.com/sheaf-dev/sheaf/workqueue"
)

func ExampleRegister() {
	registry := prometheus.NewRegistry() // or prometheus.DefaultRegisterer
	if err := metrics.Register(registry); err != nil {
		fmt.Println(err)
		return
	}
	defer workqueue.SetMetrics(nil)
	queue := workqueue.New[string](workqueue.Options{Name: "widgets"})
	defer queue.ShutDown()
	queue.Add("anvil")

	families, err := registry.Gather()
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, f := range families {
		if f.GetName() == "workqueue_depth" {
			fmt.Println(f.GetName(), f.Metric[0].Label[0].GetValue(), f.Metric[0].GetGauge().GetValue())
		}
	}
	// Output: workqueue_depth widgets 1
}
