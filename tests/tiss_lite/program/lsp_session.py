#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Speaks the Language Server Protocol with `tiss-lite lsp` over pipes, as an editor does.

usage: lsp_session.py TISS-LITE
"""
import json
import subprocess
import sys
import unittest

PROGRAM = sys.argv.pop(1) if len(sys.argv) > 1 else "tiss-lite"
URI = "file:///plan.tiss"


def framed(message):
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    return b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


class Editor:
    def __init__(self, *options):
        self.process = subprocess.Popen([PROGRAM, "lsp", *options], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.last_id = 0

    def send(self, data):
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def receive(self):
        length = None
        while True:
            line = self.process.stdout.readline()
            if not line:
                return None
            if line == b"\r\n":
                return json.loads(self.process.stdout.read(length))
            name, value = line.split(b":")
            assert name == b"Content-Length", line
            length = int(value)

    def notify(self, method, params=None):
        self.send(framed({"jsonrpc": "2.0", "method": method, "params": params}))

    def ask(self, method, params=None):
        """The result; diagnostics that come before it are dropped."""
        self.last_id += 1
        self.send(framed({"jsonrpc": "2.0", "id": self.last_id, "method": method,
                          "params": params}))
        while True:
            reply = self.receive()
            if reply.get("id") == self.last_id:
                return reply.get("result", reply.get("error"))

    def diagnostics(self):
        while True:
            message = self.receive()
            if message["method"] == "textDocument/publishDiagnostics":
                return message["params"]

    def start(self, text, capabilities=None):
        result = self.ask("initialize", {"processId": None, "rootUri": None,
                                         "capabilities": capabilities or {}})
        self.notify("initialized", {})
        self.notify("textDocument/didOpen", {"textDocument": {
            "uri": URI, "languageId": "tiss", "version": 1, "text": text}})
        return result["capabilities"]

    def at(self, line, character, **more):
        return {"textDocument": {"uri": URI}, "position": {"line": line, "character": character},
                **more}

    def change(self, version, *changes):
        self.notify("textDocument/didChange", {
            "textDocument": {"uri": URI, "version": version}, "contentChanges": list(changes)})

    def stop(self):
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            try:
                pipe.close()
            except BrokenPipeError:
                pass

    def end(self, how=None):
        """Closes the pipes and returns the exit code and what was said on standard error."""
        if how:
            how()
        self.process.stdin.close()
        code = self.process.wait(timeout=30)
        return code, self.process.stderr.read().decode()


class Session(unittest.TestCase):
    def edit(self, text, *options, capabilities=None):
        editor = Editor(*options)
        self.addCleanup(editor.stop)
        self.capabilities = editor.start(text, capabilities)
        return editor

    def test_a_whole_session(self):
        editor = self.edit('TASK "t"\nVAR who = "you"\nSTEP "s" {\nLOG "{{who}}"\nRUN "lls"\n}\n')
        self.assertEqual(self.capabilities["textDocumentSync"]["change"], 2)
        published = editor.diagnostics()
        self.assertEqual((published["uri"], published["version"]), (URI, 1))
        [found] = published["diagnostics"]
        self.assertEqual((found["code"], found["severity"], found["source"]),
                         ("L202", 2, "tiss-lite"))
        self.assertEqual(found["range"], {"start": {"line": 4, "character": 0},
                                          "end": {"line": 4, "character": 9}})
        editor.change(2, {"range": {"start": {"line": 4, "character": 5},
                                    "end": {"line": 4, "character": 6}}, "text": ""})
        self.assertEqual(editor.diagnostics(), {"uri": URI, "version": 2, "diagnostics": []})
        self.assertIn("`ls`: ", editor.ask("textDocument/hover",
                                           editor.at(4, 6))["contents"]["value"])
        labels = [item["label"] for item in editor.ask("textDocument/completion", editor.at(4, 7))]
        self.assertIn("ls", labels)
        place = editor.ask("textDocument/definition", editor.at(3, 9))
        self.assertEqual(place["range"]["start"], {"line": 1, "character": 4})
        [edit] = editor.ask("textDocument/formatting",
                            {"textDocument": {"uri": URI}, "options": {"tabSize": 2}})
        self.assertIn('\n    LOG "{{who}}"\n    RUN "ls"\n', edit["newText"])
        self.assertIsNone(editor.ask("shutdown"))
        self.assertEqual(editor.end(lambda: editor.notify("exit")), (0, ""))

    def test_fast_typing_ends_with_the_diagnostics_of_the_last_state(self):
        editor = self.edit("")
        text = 'TASK "t"\nLOG "typed"'
        stream = b""
        for i, char in enumerate(text):
            line, column = text[:i].count("\n"), i - text[:i].rfind("\n") - 1
            where = {"line": line, "character": column}
            stream += framed({"jsonrpc": "2.0", "method": "textDocument/didChange", "params": {
                "textDocument": {"uri": URI, "version": i + 2},
                "contentChanges": [{"range": {"start": where, "end": where}, "text": char}]}})
        editor.send(stream)
        published = editor.diagnostics()
        while published["version"] < len(text) + 1:
            published = editor.diagnostics()
        self.assertEqual(published["diagnostics"], [])

    def test_utf8_positions_if_the_editor_offers_them(self):
        text = 'TASK "t"\nLOG "\U0001F600" x'
        editor = self.edit(text)
        self.assertEqual(self.capabilities["positionEncoding"], "utf-16")
        self.assertEqual(editor.diagnostics()["diagnostics"][0]["range"]["start"]["character"], 9)
        editor = self.edit(text, capabilities={"general": {"positionEncodings": ["utf-8"]}})
        self.assertEqual(self.capabilities["positionEncoding"], "utf-8")
        self.assertEqual(editor.diagnostics()["diagnostics"][0]["range"]["start"]["character"], 11)

    def test_the_profile_decides_about_tools(self):
        editor = self.edit('TASK "t"\nSTEP "s" {\nRUN "rm a"\n}', "--sandbox-profile", "read")
        self.assertEqual([d["code"] for d in editor.diagnostics()["diagnostics"]], ["L202"])
        editor = self.edit('LOG "{{a}}"', "--strict", "--var", "a=1")
        self.assertEqual([(d["code"], d["severity"]) for d in editor.diagnostics()["diagnostics"]],
                         [("L206", 1)])

    def test_broken_messages_are_answered_and_survived(self):
        editor = Editor()
        self.addCleanup(editor.stop)
        ask = {"jsonrpc": "2.0", "id": 1, "method": "textDocument/hover"}
        for data, code in ((framed(b"{nonsense"), -32700), (framed(b"\xff\xfe"), -32700),
                           (framed(b"[1]"), -32600), (b"Content-Length: many\r\n\r\n", -32700),
                           (framed(ask), -32002), (b"no header at all\r\n\r\n", -32700),
                           (framed(ask), -32002),
                           (b"Content-Length: 5\r\n\r\n" + json.dumps(ask).encode(), -32700)):
            editor.send(data)
            self.assertEqual(editor.receive()["error"]["code"], code, data)
        editor.send(framed({"jsonrpc": "2.0", "method": "exit"}))  # ends the stray rest
        self.assertEqual(editor.receive()["error"]["code"], -32700)
        self.assertEqual(editor.end()[0], 1)

    def test_a_message_that_is_too_long_is_skipped(self):
        editor = self.edit("")
        editor.diagnostics()
        size = 16 * 1024 * 1024 + 1
        editor.send(b"Content-Length: %d\r\n\r\n" % size + b"x" * size)
        error = editor.receive()["error"]
        self.assertEqual(error["code"], -32700)
        self.assertIn(str(size), error["message"])
        self.assertEqual(editor.ask("no/such")["code"], -32601)

    def test_an_editor_that_vanishes_ends_the_server(self):
        editor = self.edit("LOG")
        editor.diagnostics()
        self.assertEqual(editor.end(), (1, ""))
        editor = self.edit("")
        editor.diagnostics()
        editor.send(b"Content-Length: 100\r\n\r\n{")
        self.assertEqual(editor.end(), (1, "tiss-lite lsp: the input ends within a message\n"))
        editor = self.edit("")
        editor.process.stdout.close()
        editor.notify("textDocument/didOpen", {"textDocument": {"uri": "u", "text": "x"}})
        editor.process.stdin.close()
        self.assertEqual(editor.process.wait(timeout=30), 0)

    def test_the_largest_script_is_worked_with(self):
        lines = ["TASK \"t\"", "VAR a = 1"] + ["LOG \"{{a}} and text to fill the line %05d\"" % n
                                               for n in range(5800)]
        text = "\n".join(lines)
        self.assertGreater(len(text), 240 * 1024)
        self.assertLess(len(text), 256 * 1024)
        editor = self.edit(text)
        self.assertEqual(editor.diagnostics()["diagnostics"], [])
        self.assertEqual(len(editor.ask("textDocument/references", editor.at(1, 4))), 5801)
        edits = editor.ask("textDocument/rename", editor.at(1, 4, newName="b"))
        self.assertEqual(len(edits["changes"][URI]), 5801)
        editor.change(2, {"text": text + "x" * 8192})
        self.assertEqual([d["code"] for d in editor.diagnostics()["diagnostics"]], ["E111"])


if __name__ == "__main__":
    unittest.main()
