"""Mistakes that were found in the engine (most by test_torture.py), each with the shortest story that
shows it."""
import concurrent.futures

from harness import Case, unfold, vtodo, wire

FRESH = 6  # seconds after which a poll starts a round ([sync] fresh is 5 s)


class Regressions(Case):
    def setUp(self):
        super().setUp()
        self.clock = self.start_clock()
        self.sandbox = self.start_sandbox(clock=self.clock)
        self.rest = self.sandbox.rest()
        self.bridge, self.dav = self.start_bridge(self.sandbox, clock=self.clock)
        self.list = self.dav.collections()["Tasks"]

    def poll(self, client=None):
        self.clock.advance(FRESH)
        return (client or self.dav).ctag(self.list)

    def task(self):
        tasks = self.sandbox.admin.state("alice")["tasks"]
        self.assertEqual(len(tasks), 1, tasks)
        return tasks[0]

    def outlook_changes(self, **members):
        answer = self.rest.patch(f"/tasks/{self.task()['Id']}", members)
        self.assertEqual(answer.status, 200, answer)

    def put(self, text, expect, client=None, **headers):
        answer = (client or self.dav).put(self.list + "a.ics", text, **headers)
        self.assertEqual(answer.status, expect, answer)
        return answer

    def lines(self):
        return unfold(self.dav.get(self.list + "a.ics").text)

    def another_client(self):
        password = self.bridge.run("password", "add", "alice", "--label", "more").strip()
        return self.bridge.dav("alice", password)

    def in_background(self, function, *arguments, **more):
        pool = concurrent.futures.ThreadPoolExecutor(1)
        self.addCleanup(pool.shutdown)
        return pool.submit(function, *arguments, **more)

    def test_a_stale_put_without_if_match_planned_anew_undoes_nothing(self):
        old = vtodo("a", "SUMMARY:A", "PRIORITY:1")
        self.put(old, 201, if_none_match="*")
        self.outlook_changes(Subject="Theirs")
        self.poll()
        self.outlook_changes(Importance="Low")  # the bridge learns of it by the PATCH's 412
        self.put(old.replace("PRIORITY:1", "PRIORITY:1\r\nCATEGORIES:Home"), 204)
        task = self.task()
        self.assertEqual((task["Subject"], task["Importance"], task["Categories"]),
                         ("Theirs", "Low", ["Home"]))
        self.assertIn("SUMMARY:Theirs", self.lines())

    def test_a_put_repeated_after_another_clients_undoes_nothing(self):
        self.put(vtodo("a", "SUMMARY:A"), 201, if_none_match="*")
        self.outlook_changes(Importance="High")
        self.poll()
        stale = self.dav.get(self.list + "a.ics").text.replace(
            "SUMMARY:A", "SUMMARY:A\r\nCATEGORIES:Home")
        self.assertIn("X-MSTASK-REV", stale)
        self.outlook_changes(Status="Completed")
        self.poll()
        self.put(stale, 204)  # and the client never hears of it
        served = self.dav.get(self.list + "a.ics")
        self.put(served.text.replace("SUMMARY:A", "SUMMARY:A\r\nLOCATION:Here"), 204,
                 self.another_client(), if_match=served.etag)
        self.put(stale, 204)
        self.assertEqual((self.task()["Status"], self.task()["Categories"]),
                         ("Completed", ["Home"]))

    def test_a_second_put_that_names_an_old_rev_and_its_repetition_undo_nothing(self):
        self.put(vtodo("a", "SUMMARY:A"), 201, if_none_match="*")
        self.outlook_changes(Importance="High")
        self.poll()
        first = self.dav.get(self.list + "a.ics").text.replace(
            "SUMMARY:A", "SUMMARY:A\r\nCATEGORIES:Home")
        second = first.replace("SUMMARY:A", "SUMMARY:B")
        self.put(first, 204)
        self.put(second, 204)  # and the client never hears of it
        self.outlook_changes(Categories=["Work"])
        self.poll()
        served = self.dav.get(self.list + "a.ics")
        self.put(served.text.replace("SUMMARY:B", "SUMMARY:B\r\nLOCATION:Here"), 204,
                 self.another_client(), if_match=served.etag)
        self.put(second, 204)
        self.assertEqual((self.task()["Subject"], self.task()["Categories"]), ("B", ["Work"]))

    def test_the_replay_of_a_put_without_if_match_undoes_nothing(self):
        self.put(vtodo("a", "SUMMARY:A"), 201, if_none_match="*")
        self.outlook_changes(Importance="High")
        self.poll()
        served = self.dav.get(self.list + "a.ics")
        self.assertIn("X-MSTASK-REV", served.text)
        other = self.another_client()
        self.put(served.text.replace("SUMMARY:A", "SUMMARY:A\r\nCATEGORIES:Home"), 204, other,
                 if_match=served.etag)
        stale = served.text.replace("SUMMARY:A", "SUMMARY:B")
        self.sandbox.admin.fault("cut_after", method="PATCH")
        self.put(stale, 503)
        self.assertEqual(self.clock.until_final(self.dav.put, self.list + "a.ics", stale).status, 204)
        self.assertEqual((self.task()["Subject"], self.task()["Categories"]), ("B", ["Home"]))
        self.outlook_changes(Importance="Low")  # and once more, after a change by upstream
        self.poll()
        self.put(stale, 204)
        task = self.task()
        self.assertEqual((task["Subject"], task["Categories"], task["Importance"]),
                         ("B", ["Home"], "Low"))

    def test_a_removal_comes_while_the_task_is_made_again(self):
        self.put(vtodo("a", "SUMMARY:A"), 201, if_none_match="*")
        self.poll()
        self.rest.delete(f"/tasks/{self.task()['Id']}")
        self.sandbox.admin.fault("hold", method="POST")
        other = self.another_client()
        again = self.in_background(self.put, vtodo("a", "SUMMARY:B"), 204)
        self.sandbox.admin.wait(method="POST", arrived=True)
        self.poll(other)  # the page says that the old task is gone
        self.sandbox.admin.release()
        again.result()
        self.poll()
        self.assertIn("SUMMARY:B", self.lines())
        self.assertEqual(self.task()["Subject"], "B")

    def test_what_upstream_has_already_is_no_conflict(self):
        first = self.put(vtodo("a", "SUMMARY:A"), 201, if_none_match="*")
        self.sandbox.admin.fault("status", method="PATCH", status=502)
        self.put(vtodo("a", "SUMMARY:B"), 503, if_match=first.etag)
        self.outlook_changes(Subject="B")  # as if the gateway had told of a failure that was none
        self.put(vtodo("a", "SUMMARY:B"), 204, if_match=first.etag)
        self.assertEqual(self.task()["Subject"], "B")
        ctag = self.poll()
        self.bridge.kill()
        self.bridge.start()  # no operation is left open
        self.dav = self.another_client()
        self.assertEqual(self.poll(), ctag)
        self.assertIn("SUMMARY:B", self.lines())

    def test_a_local_change_during_a_full_round_does_not_hide_a_removal(self):
        text = vtodo("a", "SUMMARY:A", "X-MINE:1")
        first = self.put(text, 201, if_none_match="*")
        self.poll()
        self.rest.delete(f"/tasks/{self.task()['Id']}")
        self.sandbox.admin.expire_tokens()
        self.sandbox.admin.fault(**wire.after_listing)
        other = self.another_client()
        last = self.sandbox.admin.last()
        self.clock.advance(FRESH)
        polling = self.in_background(other.ctag, self.list)
        self.sandbox.admin.wait(
            path=wire.after_listing["path"], arrived=True, count=2, after=last)
        self.put(text.replace("X-MINE:1", "X-MINE:2"), 204, if_match=first.etag)
        self.sandbox.admin.release()
        polling.result()
        self.poll()
        self.assertEqual(self.dav.get(self.list + "a.ics").status, 404)

    def test_a_full_round_that_began_before_a_create_takes_nothing_away(self):
        self.put(vtodo("a", "SUMMARY:A"), 201, if_none_match="*")
        self.poll()
        _, token = self.dav.sync_collection(self.list)
        self.sandbox.admin.expire_tokens()
        self.sandbox.admin.fault(**{**wire.after_listing, "kind": "hold_after"})
        other = self.another_client()
        last = self.sandbox.admin.last()
        self.clock.advance(FRESH)
        polling = self.in_background(other.ctag, self.list)
        self.sandbox.admin.wait(
            path=wire.after_listing["path"], arrived=True, count=2, after=last)
        new = self.list + "new.ics"
        self.assertEqual(self.dav.put(new, vtodo("new", "SUMMARY:New")).status, 201)
        self.sandbox.admin.release()
        polling.result()
        self.poll()
        self.assertEqual(list(self.dav.sync_collection(self.list, token)[0]), [new])
        self.assertEqual(len(self.dav.etags(self.list)), 2)

    def test_a_task_that_cannot_be_read_singly_holds_up_no_other(self):
        tasks = [self.rest.create(name) for name in ("One", "Two")]
        self.poll()
        self.assertEqual(len(self.dav.etags(self.list)), 2)
        for task in tasks:
            self.rest.delete(f"/tasks/{task['Id']}")
        self.sandbox.admin.expire_tokens()
        self.sandbox.admin.fault("status", method="GET", path=wire.single, status=400)
        self.poll()  # a full round that sees neither and reads both
        self.assertEqual(len(self.dav.etags(self.list)), 1)
        self.poll()  # an ordinary round remembers the one that was left
        self.assertEqual(self.dav.etags(self.list), {})

    def test_a_request_gets_its_whole_time_though_its_client_has_waited_for_its_turn(self):
        text = vtodo("a", "SUMMARY:A")
        self.sandbox.admin.fault("cut_before", method="POST")
        self.sandbox.admin.fault("hold", method="GET", path=wire.mark)
        self.put(text, 503, if_none_match="*")
        self.sandbox.admin.wait(method="GET", path=wire.mark, arrived=True)
        second = self.another_client()
        waiting = self.in_background(second.put, self.list + "a.ics", text, if_none_match="*")
        third = self.another_client()
        self.bridge.await_operations(2, waiting)
        self.clock.advance(14)
        self.sandbox.admin.release()
        self.sandbox.admin.wait(method="GET", path=wire.mark)
        self.sandbox.admin.fault("hold", method="POST")
        self.clock.advance(5.5)  # the second look: the first try was not done
        self.sandbox.admin.wait(2, method="POST", arrived=True)
        self.clock.advance(1)
        self.assertEqual(waiting.result().status, 503)
        looked = len(self.sandbox.admin.requests(path=wire.mark))
        for _ in range(3):
            self.clock.advance(3)
        again = self.in_background(third.put, self.list + "a.ics", text, if_none_match="*")
        self.bridge.await_operations(2, again)
        self.assertEqual(len(self.sandbox.admin.requests(path=wire.mark)), looked)
        self.sandbox.admin.release()
        self.assertEqual(again.result().status, 201)
        self.task()

    def test_a_rev_of_another_list_is_not_one_that_was_used_here(self):
        """As a task brings it that was moved here."""
        self.put(vtodo("a", "SUMMARY:A", "X-MSTASK-REV:3-0123456789abcdef"), 201)
        for priority in ("High", "Low"):
            self.outlook_changes(Importance=priority)
            self.poll()
        seen = self.dav.get(self.list + "a.ics").text
        self.assertIn("X-MSTASK-REV:3-", seen)
        self.outlook_changes(Importance="Normal")
        self.poll()
        self.put(seen.replace("END:VTODO", "CATEGORIES:Home\r\nEND:VTODO"), 204)
        self.assertEqual((self.task()["Importance"], self.task()["Categories"]),
                         ("Normal", ["Home"]))

    def delete_before_the_post_answers(self):
        self.sandbox.admin.fault("hold_after", method="POST")
        put = self.in_background(self.put, vtodo("a", "SUMMARY:A"), 201)
        self.sandbox.admin.wait(method="POST", arrived=True)
        while not self.sandbox.admin.state("alice")["tasks"]:
            pass
        self.rest.delete(f"/tasks/{self.task()['Id']}")
        self.poll(self.another_client())
        self.sandbox.admin.release()
        put.result()
        self.poll()
        self.assertEqual(self.dav.etags(self.list), {})

    def test_a_task_that_is_deleted_before_its_post_answers_does_not_stay(self):
        self.delete_before_the_post_answers()

    def test_nor_does_one_that_a_full_round_did_not_see(self):
        self.sandbox.admin.expire_tokens()
        self.delete_before_the_post_answers()
