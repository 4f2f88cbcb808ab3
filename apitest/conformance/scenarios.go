package conformance

// Scenarios returns all scenarios.
func Scenarios() []Scenario {
	return []Scenario{
		{Name: "an-object-lives-from-create-to-delete", Run: lifeOfAnObject},
		{Name: "creation-is-checked", Run: creationIsChecked},
		{Name: "updates-are-optimistic", Run: updatesAreOptimistic},
		{Name: "updates-keep-what-is-not-theirs", Run: updatesKeepMetadata},
		{Name: "leases-are-conditional", Run: leases},
		{Name: "deletion-waits-for-finalizers", Run: finalizers},
		{Name: "deletion-has-preconditions", Run: deletePreconditions},
		{Name: "deletion-has-propagation", Run: propagation},
		{Name: "deletion-of-pods-has-grace", Run: podGrace},
		{Name: "deletion-of-collections", Run: deleteCollections},
		{Name: "namespaces-begin-and-end", Run: namespaces},
		{Name: "dry-runs-change-nothing", Run: dryRuns},
		{Name: "fields-are-validated-as-asked", Run: fieldValidation},
		{Name: "status-is-a-subresource", Run: statusSubresource},
		{Name: "patches-in-json", Run: jsonPatches},
		{Name: "patches-that-merge", Run: mergePatches},
		{Name: "patches-that-merge-strategically", Run: strategicPatches},
		{Name: "subresources-scale", Run: scale},
		{Name: "subresources-of-pods", Run: podSubresources},
		{Name: "subresources-of-others", Run: otherSubresources},
		{Name: "fields-have-managers", Run: managers},
		{Name: "apply-merges-and-owns", Run: applies},
		{Name: "apply-conflicts", Run: applyConflicts},
		{Name: "apply-merges-lists-by-key", Run: applyLists},
		{Name: "custom-objects-live-as-built-in-ones", Run: customObjects},
		{Name: "custom-objects-obey-their-schema", Run: customSchemas},
		{Name: "custom-objects-are-applied", Run: customApply},
		{Name: "custom-resources-are-defined", Run: definitions},
		{Name: "lists-have-pages", Run: pages},
		{Name: "lists-have-versions", Run: listVersions},
		{Name: "lists-have-selectors", Run: selectors},
		{Name: "lists-have-shards", Run: shards},
		{Name: "the-past-is-forgotten", Run: forgotten, Compacts: true},
		{Name: "lists-combine-their-options", Run: combinedLists},
		{Name: "watches-begin-and-resume", Run: watches},
		{Name: "watches-combine-their-options", Run: combinedWatches},
		{Name: "watches-reach-into-the-future", Run: futures},
		{Name: "watches-have-selectors", Run: watchSelectors},
		{Name: "watch-lists", Run: watchLists},
		{Name: "watch-options-are-checked", Run: watchOptions},
		{Name: "media-types-are-negotiated", Run: mediaTypes},
		{Name: "tables-have-columns", Run: tables},
		{Name: "large-answers-are-compressed", Run: compression},
		{Name: "bad-requests-are-explained", Run: badRequests},
		{Name: "paths-are-exact", Run: paths},
		{Name: "people-read-what-is-indented", Run: prettiness},
		{Name: "the-server-tells-its-health", Run: health},
		{Name: "resources-are-discovered", Run: discovery},
	}
}

const mergePatch, jsonPatch, strategicPatch = "@application/merge-patch+json ", "@application/json-patch+json ", "@application/strategic-merge-patch+json "

const applyPatch = "@application/apply-patch+yaml "
