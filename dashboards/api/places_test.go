package api

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"
	"time"

	"dwell/ingest/place"
)

// inner are the attributes of a place that the engine needs and the list of places does not show.
var inner = []string{"Calendar", "LapseAfter", "SilentAfterIsMax"}

func TestEveryAttributeOfAPlaceIsInTheAPI(t *testing.T) {
	plain := place.Place{Zone: time.UTC}
	without, err := json.Marshal(configured(&plain))
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[place.Place]()) {
		p := plain
		set(reflect.ValueOf(&p).Elem().FieldByIndex(field.Index))
		with, err := json.Marshal(configured(&p))
		if err != nil {
			t.Fatal(err)
		}
		if shown := string(with) != string(without); shown == slices.Contains(inner, field.Name) {
			t.Errorf("%s is shown: %v; add it to overview.PlaceDocument, or to inner in this test", field.Name, shown)
		}
	}
}

// set gives a field another value than its zero.
func set(v reflect.Value) {
	switch v.Interface().(type) {
	case *time.Location:
		v.Set(reflect.ValueOf(time.FixedZone("Kabul", 16200)))
		return
	case time.Time:
		v.Set(reflect.ValueOf(time.Date(2026, 3, 21, 0, 0, 0, 0, time.UTC)))
		return
	case time.Duration:
		v.SetInt(int64(time.Hour))
		return
	case time.Weekday:
		v.SetInt(int64(time.Saturday))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString("value")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(7)
	case reflect.Float64:
		v.SetFloat(7)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
	case reflect.Struct:
		for i := range v.NumField() {
			set(v.Field(i))
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		set(v.Index(0))
	case reflect.Map:
		value := reflect.New(v.Type().Elem()).Elem()
		set(value)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(reflect.ValueOf("en"), value)
	default:
		panic("no value for " + v.Type().String())
	}
}
