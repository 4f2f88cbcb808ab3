package conformance

// Scenarios returns all scenarios.
func Scenarios() []Scenario {
	return []Scenario{
		{"an-object-lives-from-create-to-delete", lifeOfAnObject},
		{"creation-is-checked", creationIsChecked},
		{"updates-are-optimistic", updatesAreOptimistic},
		{"updates-keep-what-is-not-theirs", updatesKeepMetadata},
		{"leases-are-conditional", leases},
		{"deletion-waits-for-finalizers", finalizers},
		{"deletion-has-preconditions", deletePreconditions},
		{"deletion-has-propagation", propagation},
		{"deletion-of-pods-has-grace", podGrace},
		{"deletion-of-collections", deleteCollections},
		{"namespaces-begin-and-end", namespaces},
		{"dry-runs-change-nothing", dryRuns},
		{"fields-are-validated-as-asked", fieldValidation},
		{"status-is-a-subresource", statusSubresource},
		{"patches-in-json", jsonPatches},
		{"patches-that-merge", mergePatches},
		{"patches-that-merge-strategically", strategicPatches},
		{"subresources-scale", scale},
		{"subresources-of-pods", podSubresources},
		{"subresources-of-others", otherSubresources},
		{"fields-have-managers", managers},
		{"apply-merges-and-owns", applies},
		{"apply-conflicts", applyConflicts},
		{"apply-merges-lists-by-key", applyLists},
		{"custom-objects-live-as-built-in-ones", customObjects},
		{"custom-objects-obey-their-schema", customSchemas},
		{"custom-objects-are-applied", customApply},
		{"custom-resources-are-defined", definitions},
		{"lists-have-pages", pages},
		{"lists-have-versions", listVersions},
		{"lists-have-selectors", selectors},
		{"lists-have-shards", shards},
		{"watches-begin-and-resume", watches},
		{"watches-have-selectors", watchSelectors},
		{"watch-lists", watchLists},
		{"watch-options-are-checked", watchOptions},
		{"media-types-are-negotiated", mediaTypes},
		{"bad-requests-are-explained", badRequests},
		{"paths-are-exact", paths},
	}
}

const mergePatch, jsonPatch, strategicPatch = "@application/merge-patch+json ", "@application/json-patch+json ", "@application/strategic-merge-patch+json "

const applyPatch = "@application/apply-patch+yaml "
