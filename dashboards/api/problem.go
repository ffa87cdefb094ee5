package api

import (
	"net/http"

	"dwell/dashboards/problem"
)

// bad is a parameter that cannot be used.
func bad(parameter, value, detail string) problem.Document {
	return problem.Document{
		Title: "a parameter cannot be used", Status: http.StatusBadRequest, Detail: detail,
		Parameter: parameter, Value: value,
	}
}

// missing is a resource that is not there.
func missing(parameter, value, detail string) problem.Document {
	return problem.Document{
		Title: "no such resource", Status: http.StatusNotFound, Detail: detail, Parameter: parameter, Value: value,
	}
}
