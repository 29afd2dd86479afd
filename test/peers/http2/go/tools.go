//go:build tools

// Package tools keeps the modules of the programs that are built as they come in go.mod.
package tools

import (
	_ "github.com/summerwind/h2spec/cmd/h2spec"
	_ "google.golang.org/grpc/interop/client"
)
