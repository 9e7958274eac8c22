/** Independent readers of NuGet packages: the id as Go programs (Gitea) and Python programs find it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pythonProgram } from './python.ts';
import { run, type Outcome } from './run.ts';
import { findTool } from './tools.ts';

/** As Gitea (modules/packages/nuget): the first nuspec in the root, decoded by `encoding/xml`. */
const GO = `package main

import (
	"archive/zip"
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

func id(file string) string {
	archive, err := zip.OpenReader(file)
	if err != nil {
		return ""
	}
	defer archive.Close()
	for _, entry := range archive.File {
		if filepath.Dir(entry.Name) != "." || !strings.HasSuffix(strings.ToLower(entry.Name), ".nuspec") {
			continue
		}
		var nuspec struct {
			ID string \`xml:"metadata>id"\`
		}
		content, err := entry.Open()
		if err != nil || xml.NewDecoder(content).Decode(&nuspec) != nil {
			return ""
		}
		return strings.TrimSpace(nuspec.ID)
	}
	return ""
}

func main() {
	for _, file := range os.Args[1:] {
		fmt.Printf("%q\\n", id(file))
	}
}
`;

const PYTHON = `
import json, sys, zipfile
import xml.etree.ElementTree as ElementTree

def child(element, name):
    return next(each for each in element if each.tag.split("}")[-1] == name)

def read(file):
    try:
        archive = zipfile.ZipFile(file)
        name = next(n for n in archive.namelist() if "/" not in n and n.lower().endswith(".nuspec"))
        root = ElementTree.fromstring(archive.read(name))
        return child(child(root, "metadata"), "id").text.strip()
    except Exception:
        return ""

for file in sys.argv[1:]:
    print(json.dumps(read(file)))
`;

export interface NupkgReader {
  readonly name: string;
  /** The id in each file; empty if the reader refuses the file. */
  read(files: readonly string[]): Promise<readonly string[]>;
}

/** Writes and compiles the readers into `folder`. */
export async function createNupkgReaders(folder: string): Promise<readonly NupkgReader[]> {
  writeFileSync(join(folder, 'reader.go'), GO);
  writeFileSync(join(folder, 'reader.py'), PYTHON);
  const env = { ...process.env, GOFLAGS: '', GOTOOLCHAIN: 'local' };
  linesOf(await run(findTool('go') ?? 'go', ['build', '-o', 'reader', 'reader.go'], { cwd: folder, env }));
  return [
    { name: 'Go', read: async (files) => linesOf(await run(join(folder, 'reader'), files)) },
    {
      name: 'Python',
      read: async (files) =>
        linesOf(await run(pythonProgram('python'), [join(folder, 'reader.py'), ...files])),
    },
  ];
}

function linesOf({ code, stdout, stderr }: Outcome): readonly string[] {
  if (code !== 0) throw new Error(stderr);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as string);
}
