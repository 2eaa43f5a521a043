"""How many checks are named by the section of the RFC that they prove (test_rfcNNNN_S_...)."""
import ast
import collections
import pathlib
import unittest

AT_LEAST = 200


class Count(unittest.TestCase):
    def test_the_conformance_suite_is_as_large_as_the_documents_say(self):
        names = collections.Counter(
            node.name for path in pathlib.Path(__file__).parent.glob("test_*.py")
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_rfc"))
        self.assertEqual([], [name for name, count in names.items() if count > 1])
        self.assertGreaterEqual(len(names), AT_LEAST)
        rfcs = {name.split("_")[1] for name in names}
        self.assertLessEqual({"rfc" + number for number in (
            "3253", "3744", "3986", "4791", "4918", "5397", "5689", "6578", "6764", "7617", "8144",
            "9110", "9112")}, rfcs)
