"""The sandbox's attachments of tasks: reference/upstream.md A.11 and seed 000; raw HTTP."""
import base64

from test_sandbox import SandboxCase

KIND = "#Microsoft.OutlookServices."


def encoded(content):
    return base64.b64encode(content).decode()


def file(name="Holiday notice", content=b"mac and cheese", **more):
    return {"@odata.type": KIND + "FileAttachment", "Name": name,
            "ContentBytes": encoded(content), **more}


class Attachments(SandboxCase):
    def setUp(self):
        super().setUp()
        self.task = self.rest.create("one")
        self.path = f"/tasks('{self.task['Id']}')/attachments"

    def add(self, value):
        answer = self.rest.post(self.path, value)
        self.assertEqual(answer.status, 201, answer)
        return answer.json

    def test_a_file_is_shown_as_the_sample_shows_it(self):
        made = self.add(file())
        self.assertEqual(
            {name: made[name] for name in ("@odata.type", "Name", "ContentType", "Size", "IsInline",
                                           "ContentId", "ContentLocation", "ContentBytes")},
            {"@odata.type": KIND + "FileAttachment", "Name": "Holiday notice",
             "ContentType": "application/octet-stream", "Size": 244, "IsInline": False,
             "ContentId": None, "ContentLocation": None, "ContentBytes": "bWFjIGFuZCBjaGVlc2U="})
        self.assertRegex(made["LastModifiedDateTime"], r"^2026-05-04T08:00:00Z$")
        self.assertIn("/Attachments/$entity", made["@odata.context"])
        self.assertIn(f"/Tasks('{self.task['Id']}')/Attachments('{made['Id']}')", made["@odata.id"])
        got = self.rest.get(f"{self.path}('{made['Id']}')").json
        self.assertEqual(got, made)
        listed = self.rest.get(self.path).json
        self.assertEqual([made["ContentBytes"]], [a["ContentBytes"] for a in listed["value"]])
        self.assertTrue(listed["@odata.context"].endswith("/Attachments"))

    def test_a_link_is_shown_as_the_sample_shows_it(self):
        made = self.add({"@odata.type": KIND + "ReferenceAttachment", "Name": "Plan",
                         "SourceUrl": "https://example.com/plan", "ProviderType": "oneDriveBusiness",
                         "Permission": "Edit", "IsFolder": False})
        for name, value in {"ContentType": None, "IsInline": True, "ThumbnailUrl": None,
                            "PreviewUrl": None, "SourceUrl": "https://example.com/plan",
                            "ProviderType": "OneDriveBusiness", "Permission": "Edit",
                            "IsFolder": False}.items():
            self.assertEqual(made[name], value, name)

    def test_an_item_is_taken_and_not_shown(self):
        made = self.add({"@odata.type": KIND + "ItemAttachment", "Name": "Holiday event",
                         "Item": {"@odata.type": "Microsoft.OutlookServices.Event",
                                  "Subject": "Gifts"}})
        self.assertEqual((made["ContentType"], made["IsInline"], "Item" in made),
                         (None, False, False))

    def test_the_task_says_whether_it_has_any(self):
        read = lambda: self.rest.get(f"/tasks('{self.task['Id']}')").json
        before = read()
        made = self.add(file())
        after = read()
        self.assertEqual((before["HasAttachments"], after["HasAttachments"]), (False, True))
        self.assertNotEqual(before["@odata.etag"], after["@odata.etag"])
        entries, _ = self.rest.sync("/taskfolders('Tasks')/tasks")
        self.assertEqual([True], [e["HasAttachments"] for e in entries])
        self.assertEqual(204, self.rest.delete(f"{self.path}('{made['Id']}')").status)
        self.assertFalse(read()["HasAttachments"])

    def test_the_content_of_a_listing_can_be_left_out(self):
        self.add(file())
        shown = self.rest.get(self.path + "?$select=Id,Name,Size").json["value"][0]
        self.assertEqual(set(shown), {"@odata.type", "@odata.id", "Id", "Name", "Size"})
        self.refused(self.rest.get(self.path + "?$select=Nothing"), 400, "ErrorInvalidUrlQuery")
        self.refused(self.rest.get(self.path + "?$orderby=Name"), 400, "ErrorInvalidUrlQuery")

    def test_a_listing_comes_in_pages(self):
        for number in range(12):
            self.add(file(f"{number}"))
        first = self.rest.get(self.path).json
        rest = self.rest.get(first["@odata.nextLink"]).json
        self.assertEqual([str(n) for n in range(12)],
                         [a["Name"] for a in first["value"] + rest["value"]])
        self.assertNotIn("@odata.nextLink", rest)

    def test_what_is_wrong_is_refused(self):
        item = {"@odata.type": KIND + "ItemAttachment", "Name": "x"}
        link = {"@odata.type": KIND + "ReferenceAttachment", "Name": "x",
                "SourceUrl": "https://example.com/"}
        for value in ({"Name": "x", "ContentBytes": "aGk="},
                      dict(file(), **{"@odata.type": KIND + "FileAttachment\""}),
                      dict(file(), **{"@odata.type": "Microsoft.OutlookServices.FileAttachment"}),
                      file(""), file("x" * 256), file(Name=None), file(ContentBytes="aGk"),
                      file(ContentBytes="a-k="), file(ContentBytes=7), file(IsInline="False"),
                      file(Size=3), file(Id="x"), file(SourceUrl="https://example.com/"),
                      {"@odata.type": KIND + "FileAttachment", "Name": "x"},
                      item, dict(item, Item={"Subject": "x"}),
                      dict(item, Item={"@odata.type": "#Microsoft.OutlookServices.Event"}),
                      dict(link, SourceUrl=""), dict(link, IsFolder="False"),
                      dict(link, Permission="All"), dict(link, ContentBytes="aGk="),
                      {"@odata.type": link["@odata.type"], "Name": "x"}):
            with self.subTest(value):
                self.refused(self.rest.post(self.path, value), 400, "ErrorInvalidRequest")
        self.assertEqual([], self.rest.get(self.path).json["value"])

    def test_what_is_not_there_is_not_found(self):
        made = self.add(file())
        one = f"{self.path}('{made['Id']}')"
        other = self.rest.create("two")
        self.refused(self.rest.patch(one, {"Name": "y"}), 405)
        self.refused(self.rest.post(one, {}), 405)
        self.refused(self.rest.get(f"/tasks('{other['Id']}')/attachments('{made['Id']}')"), 404)
        self.refused(self.rest.get(self.path + "('AAMkx=')"), 404, "ErrorItemNotFound")
        self.refused(self.rest.get("/tasks('AAMkx=')/attachments"), 404)
        self.refused(self.sandbox.rest("bob-token").get(one), 404)
        self.assertEqual(204, self.rest.delete(one).status)
        self.refused(self.rest.delete(one), 404)
        self.rest.delete(f"/tasks('{self.task['Id']}')")
        self.refused(self.rest.get(self.path), 404)
