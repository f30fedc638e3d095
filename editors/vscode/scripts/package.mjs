// SPDX-License-Identifier: MIT
//
// Packs the extension into a .vsix, which is a ZIP file with a manifest.
//
// usage: package.mjs [--out FILE] [--modules FOLDER]
//   --out      the file to write (tisslang-VERSION.vsix here)
//   --modules  the node_modules with what package-lock.json pins (the one here)
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { grammarText, root } from "./build.mjs";
import { embeddedScope, languages } from "../grammar/languages.mjs";
import { zip } from "./zip.mjs";

const { values: options } = parseArgs({
  options: { out: { type: "string" }, modules: { type: "string" } },
});
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
const modules = resolve(options.modules ?? join(root, "node_modules"));
const out = options.out ?? join(root, `${manifest.name}-${manifest.version}.vsix`);

/** The manifest as the editor reads it: without what only its makers need. */
function publishedManifest() {
  const published = structuredClone(manifest);
  published.contributes.grammars[0].embeddedLanguages = Object.fromEntries(
    languages.map((language) => [embeddedScope(language), language.id]));
  for (const key of ["scripts", "devDependencies", "private"]) delete published[key];
  return published;
}

const escaped = (text) =>
  text.replace(/[&<>"]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", "\"": "&quot;" })[c]);

function vsixManifest() {
  const { name, version, publisher, displayName, description, categories, keywords } = manifest;
  const asset = (type, path) =>
    `    <Asset Type="Microsoft.VisualStudio.${type}" Path="extension/${path}" Addressable="true"/>\n`;
  return `<?xml version="1.0" encoding="utf-8"?>
<PackageManifest Version="2.0.0" xmlns="http://schemas.microsoft.com/developer/vsx-schema/2011">
  <Metadata>
    <Identity Language="en-US" Id="${name}" Version="${version}" Publisher="${publisher}"/>
    <DisplayName>${escaped(displayName)}</DisplayName>
    <Description xml:space="preserve">${escaped(description)}</Description>
    <Tags>${keywords.map(escaped).join(",")}</Tags>
    <Categories>${categories.map(escaped).join(",")}</Categories>
    <License>extension/LICENSE.txt</License>
    <Properties>
      <Property Id="Microsoft.VisualStudio.Code.Engine" Value="${escaped(manifest.engines.vscode)}"/>
    </Properties>
  </Metadata>
  <Installation>
    <InstallationTarget Id="Microsoft.VisualStudio.Code"/>
  </Installation>
  <Dependencies/>
  <Assets>
${asset("Code.Manifest", "package.json")}${asset("Services.Content.Details", "README.md")}${
    asset("Services.Content.License", "LICENSE.txt")}  </Assets>
</PackageManifest>
`;
}

function contentTypes(files) {
  const known = { sh: "application/x-sh", json: "application/json", js: "application/javascript", md: "text/markdown",
    txt: "text/plain", vsixmanifest: "text/xml" };
  const endings = new Set(files.map(({ name }) => /\.([^./]+)$/.exec(name)?.[1]).filter(Boolean));
  endings.add("vsixmanifest");
  const types = [...endings].sort().map((ending) =>
    `  <Default Extension=".${ending}" ContentType="${known[ending] ?? "application/octet-stream"}"/>\n`);
  return `<?xml version="1.0" encoding="utf-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
${types.join("")}</Types>
`;
}

/** The files of a folder, in one order on every machine. */
function filesBelow(folder, prefix) {
  return readdirSync(folder).sort().flatMap((entry) => {
    const path = join(folder, entry);
    if (statSync(path).isDirectory()) return filesBelow(path, `${prefix}/${entry}`);
    const executable = (statSync(path).mode & 0o100) !== 0;
    return [{ name: `${prefix}/${entry}`, data: readFileSync(path), executable }];
  });
}

/** What the client needs of others, and no types, maps or notes on their making. */
function dependencies() {
  const needed = Object.entries(lock.packages).filter(([path, one]) => path !== "" && !one.dev);
  return needed.flatMap(([path, { version }]) => {
    const folder = join(modules, path.replace(/^node_modules\//, ""));
    if (!existsSync(join(folder, "package.json"))) {
      throw new Error(`${path} is missing in ${modules}; run: npm ci`);
    }
    const found = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")).version;
    if (found !== version) throw new Error(`${path} is ${found}, but ${version} is pinned`);
    return filesBelow(folder, `extension/${path}`).filter(({ name }) =>
      (!/\/node_modules\//.test(name.slice(`extension/${path}`.length))) &&
      (/\.(?:c?js|json|sh)$/.test(name) || /\/(?:licen[cs]e|thirdparty)[^/]*$/i.test(name)));
  });
}

const file = (name, data) => ({ name: `extension/${name}`, data: Buffer.from(data) });
const own = (name) => file(name, readFileSync(join(root, name)));

try {
  const files = [
    file("package.json", JSON.stringify(publishedManifest(), null, 2) + "\n"),
    file("grammar/tiss.tmLanguage.json", grammarText()),
    own("README.md"),
    file("LICENSE.txt", readFileSync(join(root, "..", "..", "LICENSE"))),
    own("language-configuration.json"),
    own("snippets/tiss.json"),
    own("client/extension.js"),
    own("client/server.js"),
    ...dependencies(),
  ];
  const all = [
    { name: "extension.vsixmanifest", data: Buffer.from(vsixManifest()) },
    { name: "[Content_Types].xml", data: Buffer.from(contentTypes(files)) },
    ...files,
  ];
  const packed = zip(all);
  writeFileSync(out, packed);
  console.log(`${out}: ${all.length} files, ${Math.round(packed.length / 1024)} KiB`);
} catch (error) {
  console.error(`package: ${error.message}`);
  process.exitCode = 1;
}
