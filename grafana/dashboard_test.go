// Package grafana_test checks the dashboards: every query runs against the real engines and returns rows.
package grafana_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/grafana/grafana-foundation-sdk/go/bargauge"
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	sdkprometheus "github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/table"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
)

// The data sources, by the uid that provisioning gives them.
const (
	clickhouseUID = "dwell-clickhouse"
	prometheusUID = "dwell-prometheus"
)

type source struct {
	Type string `json:"type"`
	UID  string `json:"uid"`
}

// document is what the tests read of a dashboard.
type document struct {
	UID        string  `json:"uid"`
	Panels     []panel `json:"panels"`
	Templating struct {
		List []struct {
			Name       string  `json:"name"`
			Type       string  `json:"type"`
			Query      string  `json:"query"`
			Datasource *source `json:"datasource"`
		} `json:"list"`
	} `json:"templating"`
}

type panel struct {
	ID          int      `json:"id"`
	Title       string   `json:"title"`
	Type        string   `json:"type"`
	Description string   `json:"description"`
	Datasource  source   `json:"datasource"`
	Targets     []target `json:"targets"`
	Panels      []panel  `json:"panels"`
	GridPos     struct{ X, Y, W, H int }
	FieldConfig struct {
		Defaults struct {
			NoValue string `json:"noValue"`
			Unit    string `json:"unit"`
			Custom  struct {
				SpanNulls any `json:"spanNulls"`
			} `json:"custom"`
		} `json:"defaults"`
	} `json:"fieldConfig"`
}

type target struct {
	Datasource source `json:"datasource"`
	Expr       string `json:"expr"`
	RawSQL     string `json:"rawSql"`
	Format     any    `json:"format"` // ClickHouse: a number, 0 for a time series; Prometheus: a word
	QueryType  string `json:"queryType"`
}

// query is one question that a dashboard asks.
type query struct{ from, source, text string }

func dashboards(t *testing.T) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob("dashboards/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal("no dashboards", err)
	}
	all := map[string][]byte{}
	for _, f := range files {
		if all[f], err = os.ReadFile(f); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// queries are those of all panels and variables.
func queries(t *testing.T) (all []query) {
	t.Helper()
	for file, text := range dashboards(t) {
		var b document
		if err := json.Unmarshal(text, &b); err != nil {
			t.Fatal(file, err)
		}
		for _, v := range b.Templating.List {
			if v.Type == "query" {
				all = append(all, query{file + ": variable " + v.Name, v.Datasource.UID, v.Query})
			}
		}
		for _, p := range flat(b.Panels) {
			for _, q := range p.Targets {
				all = append(all, query{file + ": " + p.Title, q.Datasource.UID, q.RawSQL + q.Expr})
			}
		}
	}
	return all
}

func flat(panels []panel) (all []panel) {
	for _, p := range panels {
		all = append(all, p)
		all = append(all, flat(p.Panels)...)
	}
	return all
}

// No key is misspelt, as far as Grafana's own schema knows.
func TestGrafanaKnowsEveryKey(t *testing.T) {
	known := cog.NewRuntime()
	known.RegisterPanelcfgVariant(bargauge.VariantConfig())
	known.RegisterPanelcfgVariant(stat.VariantConfig())
	known.RegisterPanelcfgVariant(table.VariantConfig())
	known.RegisterPanelcfgVariant(timeseries.VariantConfig())
	known.RegisterDataqueryVariant(sdkprometheus.VariantConfig())
	for file, text := range dashboards(t) {
		var d dashboard.Dashboard //nolint:staticcheck // version 1 is what provisioning reads in every Grafana
		report(t, file, d.UnmarshalJSONStrict(text))
		// A dashboard's own decoding is not strict about the fields' configuration.
		var b struct {
			Panels []struct {
				Title       string          `json:"title"`
				FieldConfig json.RawMessage `json:"fieldConfig"`
			} `json:"panels"`
		}
		if err := json.Unmarshal(text, &b); err != nil {
			t.Fatal(file, err)
		}
		for _, p := range b.Panels {
			var c dashboard.FieldConfigSource
			if p.FieldConfig != nil {
				report(t, file+": "+p.Title, c.UnmarshalJSONStrict(p.FieldConfig))
			}
		}
	}
}

// report says what a strict decoding found; it returns a list that is an error even when it is empty.
func report(t *testing.T, where string, err error) {
	t.Helper()
	var found cog.BuildErrors
	if err != nil && (!errors.As(err, &found) || len(found) > 0) {
		t.Errorf("%s: %v", where, err)
	}
}

func TestPanelsHaveADescriptionAUnitAndTextForNoData(t *testing.T) {
	for file, text := range dashboards(t) {
		var b document
		if err := json.Unmarshal(text, &b); err != nil {
			t.Fatal(file, err)
		}
		ids := map[int]bool{}
		for _, p := range flat(b.Panels) {
			if ids[p.ID] {
				t.Errorf("%s: %q has the id %d of another panel", file, p.Title, p.ID)
			}
			ids[p.ID] = true
			if g := p.GridPos; g.W < 1 || g.H < 1 || g.X+g.W > 24 {
				t.Errorf("%s: %q lies outside the grid: %+v", file, p.Title, g)
			}
			if p.Type == "row" {
				continue
			}
			if p.Description == "" || p.FieldConfig.Defaults.NoValue != "no data" || p.FieldConfig.Defaults.Unit == "" {
				t.Errorf("%s: %q lacks a description, a unit, or its \"no data\"", file, p.Title)
			}
			if p.Type == "timeseries" && p.FieldConfig.Defaults.Custom.SpanNulls != false {
				t.Errorf("%s: %q draws a line over what is unknown", file, p.Title)
			}
			for _, q := range p.Targets {
				if q.Datasource != p.Datasource {
					t.Errorf("%s: %q asks %v, its panel %v", file, p.Title, q.Datasource, p.Datasource)
				}
				if q.RawSQL != "" && (q.Format == nil || q.Format == 0.0) != (q.QueryType == "timeseries") {
					t.Errorf("%s: %q has format %v for a %s", file, p.Title, q.Format, q.QueryType)
				}
			}
		}
	}
}

func TestDataSourcesAreProvisioned(t *testing.T) {
	text, err := os.ReadFile("provisioning/datasources/dwell.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Datasources []struct{ UID, Type string }
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	var have []source
	for _, d := range file.Datasources {
		have = append(have, source{Type: d.Type, UID: d.UID})
	}
	want := []source{{"grafana-clickhouse-datasource", clickhouseUID}, {"prometheus", prometheusUID}}
	if !slices.Equal(have, want) {
		t.Errorf("data sources %v, want %v", have, want)
	}
	for _, q := range queries(t) {
		if q.source != clickhouseUID && q.source != prometheusUID {
			t.Errorf("%s asks %q, which is not provisioned", q.from, q.source)
		}
	}
}
