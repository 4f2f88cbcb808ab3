package v1

// Conversion says how objects get from one version to another.
type Conversion struct {
	// Strategy is None or Webhook.
	Strategy string             `json:"strategy"`
	Webhook  *WebhookConversion `json:"webhook,omitempty"`
}

// WebhookConversion names the server that converts.
type WebhookConversion struct {
	ClientConfig *WebhookClientConfig `json:"clientConfig,omitempty"`
	// ConversionReviewVersions are the versions of ConversionReview that the server understands, the preferred one first.
	ConversionReviewVersions []string `json:"conversionReviewVersions"`
}

// WebhookClientConfig says where a webhook is: at a URL or behind a service.
type WebhookClientConfig struct {
	URL     *string           `json:"url,omitempty"`
	Service *ServiceReference `json:"service,omitempty"`
	// CABundle holds the PEM certificates of the authorities to trust. Empty: those of the API server's system.
	CABundle []byte `json:"caBundle,omitempty"`
}

// ServiceReference names a service and a path on it. The default port is 443.
type ServiceReference struct {
	Namespace string  `json:"namespace"`
	Name      string  `json:"name"`
	Path      *string `json:"path,omitempty"`
	Port      *int32  `json:"port,omitempty"`
}
