"""The conflicts of design section 7, a named test for each.

| rule                                                     | test                                                    |
|----------------------------------------------------------|---------------------------------------------------------|
| If-Match goes upstream, without a GET before             | test_if_match_goes_upstream_without_a_get_before        |
| 412 upstream: read, merge; disjoint fields: both, no ETag| test_disjoint_fields_are_merged_and_no_etag_is_given    |
| ... the merge is retried once only                       | test_the_merge_is_retried_once                          |
| the same field on both sides: upstream's stays, 412      | test_the_same_field_keeps_upstreams_and_is_412          |
| the same value on both sides is no conflict              | test_the_same_value_on_both_sides_is_no_conflict        |
| a service that ignores If-Match loses the racing field   | test_promises: test_a_service_that_ignores_if_match_... |
| DELETE without If-Match wins                             | test_delete_without_if_match_wins                       |
| DELETE with If-Match against a change is 412             | test_delete_with_if_match_against_a_change_is_412       |
| PUT without If-Match on a vanished task makes it again   | test_put_without_if_match_on_a_vanished_task_makes_it   |
| PUT with If-Match on a vanished task is 412              | test_put_with_if_match_on_a_vanished_task_is_412        |
| DELETE of a vanished task                                | test_delete_of_a_vanished_task_is_done                  |
| a PUT without If-Match undoes no newer change            | test_promises: test_a_put_without_if_match_undoes_...   |
| X-MSTASK-REV names the version that a client saw         | test_promises: test_x_mstask_rev_names_the_version_...  |
| a replay is answered, not repeated                       | test_a_replay_of_a_create_..., test_a_replay_of_a_change|
| ... but not when the resource has changed since          | test_a_replay_after_a_change_is_none                    |
| one operation per resource at a time                     | test_promises: test_two_puts_with_the_same_if_match_... |
| an unclear create, update, delete                        | test_promises: class Unclear                            |
| two clients complete the same occurrence                 | test_series: test_v183_two_clients_complete_...         |
"""
from harness import Case, needs_if_match, unfold, vtodo


class Conflicts(Case):
    def setUp(self):
        super().setUp()
        clock = self.start_clock()  # nothing happens between two requests
        self.sandbox = self.start_sandbox(clock=clock)
        self.rest = self.sandbox.rest()
        _, self.dav = self.start_bridge(self.sandbox, clock=clock)
        self.path = self.dav.collections()["Tasks"] + "a.ics"
        self.first = self.put("A", expect=201, if_none_match="*")

    def only_task(self):
        tasks = self.sandbox.admin.state("alice")["tasks"]
        self.assertEqual(1, len(tasks), tasks)
        return tasks[0]

    def outlook_changes(self, **members):
        answer = self.rest.patch(f"/tasks/{self.only_task()['Id']}", members)
        self.assertEqual(200, answer.status, answer)

    def outlook_deletes(self):
        self.assertEqual(204, self.rest.delete(f"/tasks/{self.only_task()['Id']}").status)

    def put(self, summary, *lines, expect=204, **headers):
        reply = self.dav.put(self.path, vtodo("a", "SUMMARY:" + summary, *lines), **headers)
        self.assertEqual(expect, reply.status, reply)
        return reply

    def lines(self):
        return unfold(self.dav.get(self.path).text)

    def test_if_match_goes_upstream_without_a_get_before(self):
        last = self.sandbox.admin.last()
        self.put("B", if_match=self.first.etag)
        methods = [r["method"] for r in self.sandbox.admin.requests(after=last)]
        self.assertEqual(["PATCH"], methods)

    def test_disjoint_fields_are_merged_and_no_etag_is_given(self):
        self.outlook_changes(Importance="High")
        self.assertIsNone(self.put("Mine", if_match=self.first.etag).etag)
        task = self.only_task()
        self.assertEqual(("Mine", "High"), (task["Subject"], task["Importance"]))
        self.assertLessEqual({"SUMMARY:Mine", "PRIORITY:1"}, set(self.lines()))

    def test_the_merge_is_retried_once(self):
        self.sandbox.admin.fault("status", method="PATCH", status=412, count=2)
        reply = self.dav.put(self.path, vtodo("a", "SUMMARY:Mine"), if_match=self.first.etag)
        self.assertIn(reply.status, (412, 503), reply)
        self.assertEqual("A", self.only_task()["Subject"])
        self.assertEqual(2, len(self.sandbox.admin.requests(method="PATCH")))
        self.sandbox.admin.clear_faults()
        self.put("Mine", if_match=self.dav.get(self.path).etag)
        self.assertEqual("Mine", self.only_task()["Subject"])

    @needs_if_match
    def test_the_same_field_keeps_upstreams_and_is_412(self):
        self.outlook_changes(Subject="Theirs")
        reply = self.put("Mine", expect=412, if_match=self.first.etag)
        self.assertEqual("Theirs", self.only_task()["Subject"])
        self.assertIn("SUMMARY:Theirs", self.lines())
        self.assertEqual(reply.etag, self.dav.get(self.path).etag)

    def test_the_same_value_on_both_sides_is_no_conflict(self):
        self.outlook_changes(Subject="Both")
        self.put("Both", if_match=self.first.etag)
        self.assertEqual("Both", self.only_task()["Subject"])

    def test_delete_without_if_match_wins(self):
        self.outlook_changes(Subject="Theirs")
        self.assertEqual(204, self.dav.delete(self.path).status)
        self.assertEqual([], self.sandbox.admin.state("alice")["tasks"])

    @needs_if_match
    def test_delete_with_if_match_against_a_change_is_412(self):
        self.outlook_changes(Subject="Theirs")
        self.assertEqual(412, self.dav.delete(self.path, if_match=self.first.etag).status)
        self.assertEqual("Theirs", self.only_task()["Subject"])
        self.assertIn("SUMMARY:Theirs", self.lines())

    def test_put_without_if_match_on_a_vanished_task_makes_it(self):
        self.outlook_deletes()
        self.put("B")
        self.assertEqual("B", self.only_task()["Subject"])
        self.assertIn("SUMMARY:B", self.lines())

    def test_put_with_if_match_on_a_vanished_task_is_412(self):
        self.outlook_deletes()
        self.put("B", expect=412, if_match=self.first.etag)
        self.assertEqual([], self.sandbox.admin.state("alice")["tasks"])
        self.assertEqual(404, self.dav.get(self.path).status)

    def test_delete_of_a_vanished_task_is_done(self):
        self.outlook_deletes()
        self.assertIn(self.dav.delete(self.path, if_match=self.first.etag).status, (204, 404))
        self.assertEqual(404, self.dav.get(self.path).status)

    def test_a_replay_of_a_create_is_answered_and_not_repeated(self):
        reply = self.put("A", expect=201, if_none_match="*")
        self.assertEqual(self.first.etag, reply.etag)
        self.assertEqual(1, len(self.sandbox.admin.requests(method="POST")))
        self.only_task()

    def test_a_replay_of_a_change_is_answered_and_not_repeated(self):
        second = self.put("B", if_match=self.first.etag)
        again = self.put("B", if_match=self.first.etag)
        self.assertEqual(second.etag, again.etag)
        self.assertEqual(1, len(self.sandbox.admin.requests(method="PATCH")))

    def test_a_replay_after_a_change_is_none(self):
        self.put("B", if_match=self.first.etag)
        self.put("C")
        self.put("B", expect=412, if_match=self.first.etag)
        self.put("A", expect=412, if_none_match="*")
        self.assertEqual("C", self.only_task()["Subject"])
