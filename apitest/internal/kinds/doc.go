// Package kinds knows the resources that the server offers: their definitions, how their objects are decoded and encoded,
// which fields can be selected, and the facts about built-in resources that a definition does not hold.
package kinds
