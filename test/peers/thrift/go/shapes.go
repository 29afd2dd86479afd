package main

import (
	"fmt"
	"math"
	"reflect"
	"sort"
	"strconv"
	"strings"

	"polywire.io/peers/thrift/generated/calls"
)

const text = "aé你😀"

type shape struct {
	name   string
	method string
	value  any
}

func allBytes() []byte {
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
	}
	return all
}

func everything(children []*calls.Everything) *calls.Everything {
	numbers := []int32{}
	for i := int32(-10); i < 20; i++ {
		numbers = append(numbers, i)
	}
	return &calls.Everything{
		Yes: true, No: false, Tiny: math.MinInt8, Small: math.MinInt16, Number: math.MinInt32, Big: math.MaxInt64, Real: -1.5e300,
		Text: text, Bytes: allBytes(), Color: calls.Color_BLUE, Point: &calls.Point{X: 1, Y: -1},
		Flags: []bool{true, false, true}, Numbers: numbers, Names: []string{"x", "y"},
		Counts: map[string]int64{"one": 1, "min": math.MinInt64}, Table: [][]string{{"a"}, {}, {"b", "c"}},
		Groups: map[string][]*calls.Point{"g": {{X: 1, Y: 2}, {X: 3, Y: 4}}, "none": {}},
		Deep:   map[int32]map[string][]int16{7: {"s": {-3, 1, 2}}}, Children: children, Nothing: map[string]string{}, Far: "far",
	}
}

func shapes() []shape {
	long := []string{}
	for i := 0; i < 300; i++ {
		long = append(long, strconv.Itoa(i))
	}
	leaf := func() *calls.Everything { return everything([]*calls.Everything{}) }
	return []shape{
		{"no argument", "nothing", nil},
		{"text", "echoString", text},
		{"empty text", "echoString", ""},
		{"long text", "echoString", strings.Repeat(text, 3000)},
		{"bytes", "echoBinary", allBytes()},
		{"empty bytes", "echoBinary", []byte{}},
		{"structure", "echoEverything", everything([]*calls.Everything{leaf(), leaf()})},
		// What has no point is written with an empty one.
		{"bare structure", "echoEverything", &calls.Everything{Point: &calls.Point{}}},
		{"list", "echoList", []string{"a", "", text}},
		{"empty list", "echoList", []string{}},
		{"long list", "echoList", long},
		{"map", "echoMap", map[string]int64{"one": 1, "big": 9007199254740993, "min": math.MinInt64}},
		{"empty map", "echoMap", map[string]int64{}},
	}
}

func suite(c *connection, only []string) map[string]string {
	results := map[string]string{}
	for _, each := range shapes() {
		if len(only) == 0 || contains(only, each.name) {
			results[each.name] = compare(c, each)
		}
	}
	return results
}

func compare(c *connection, each shape) string {
	args := []any{}
	if each.value != nil {
		args = append(args, each.value)
	}
	back, _, err := c.call(each.method, args, nil)
	if err != nil {
		c.transport.Close()
		c.connect()
		return err.Error()
	}
	sent := normal(each.value)
	if got := normal(back); !reflect.DeepEqual(sent, got) {
		return fmt.Sprintf("%v came back as %v", sent, got)
	}
	return "equal"
}

// normal sorts the sets of a structure, and takes what is absent for what is empty: without a pointer this library cannot tell.
func normal(value any) any {
	structure, ok := value.(*calls.Everything)
	if !ok || structure == nil {
		return value
	}
	sort.Strings(structure.Names)
	for _, inner := range structure.Deep {
		for _, set := range inner {
			sort.Slice(set, func(a, b int) bool { return set[a] < set[b] })
		}
	}
	for _, child := range structure.Children {
		normal(child)
	}
	return structure.String()
}

func contains(names []string, name string) bool {
	for _, each := range names {
		if each == name {
			return true
		}
	}
	return false
}
