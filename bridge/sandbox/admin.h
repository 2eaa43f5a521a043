#pragma once
/**
 * The administration of the sandbox, for tests: JSON over HTTP below /admin/ on the service's own
 * listener, without authentication, only with --admin. Its requests are neither recorded nor
 * counted. Errors are 400 with {"error":{"code","message"}}.
 *
 * GET    /admin/requests[?method=&path=&user=&status=&after=N&arrived=1]
 *        {"requests":[{number, at_us, method, path, query, user, headers, body, status}],
 *        "loads":{USER:{now, most, refused}}}
 *        The latest 16384 requests, oldest first; status null: not answered yet (only with
 *        arrived=1), 0: cut. path is part of path and query, decoded, without regard to case.
 * DELETE /admin/requests    forget them; numbers go on
 * POST   /admin/users       {"name", "token"}: make a mailbox, or give it one more token
 * GET    /admin/faults      [{id, fault, seen, struck}]
 * POST   /admin/faults      a rule or an array of rules, put behind the others:
 *        {"match": {"method", "path", "user", "nth"}, "fault": KIND, "count": N, ...}
 *        The first rule that matches and still strikes decides; it strikes from its nth match on
 *        (1), count times (1; 0: for ever). Only requests that no earlier rule struck count.
 *   status             answer "status" (503) without doing it; "retry_after", "body", "code", and
 *                      "host" (http://other:1) for a Location there
 *   status_after       the same, but do it first
 *   cut_before         close the connection, nothing done
 *   cut_after          do it, then close
 *   stall, stall_after never answer; nothing done, or done
 *   hold, hold_after   wait for /admin/release, then do and answer; or do, wait, answer. A held
 *                      request is carried out even if its client has gone meanwhile
 *   delay              wait "ms", then do and answer
 *   truncate           do it, close after half of the answer
 *   malformed          do it, answer half of the JSON as if it were all
 *   rewrite            do it; in the answer's JSON every "find" becomes "put"
 *   repeat_items       sync: every entry twice
 *   repeat_across      sync: the last entry of a page comes again on the next one
 *   reverse_items      sync: the entries of the page from the last to the first
 *   partial_items      tasks lack properties that have not changed
 *   empty_page         sync: a page without entries, with a link to go on at the same place
 *   expire_delta       a request with a sync token gets "status" (410), "code" (SyncStateNotFound);
 *                      To Do: with "location" a Location header, "fresh" for that of a new delta
 *   foreign_link       sync: the link leads to "host" (https://tasks.example.net)
 *   no_tracking        sync: neither Preference-Applied nor a link; To Do: no link
 *   ignore_if_match    no 412
 *   delete_occurrence  DELETE of a series only moves it to its next date
 * DELETE /admin/faults      forget the rules (what is held stays held)
 * POST   /admin/release     {"path", "count"}, both optional: let held requests go on, oldest
 *        first; stalled ones are cut. Answers {"released": N}
 * POST   /admin/wait        {"method", "path", "user", "status", "after", "arrived", "count"}:
 *        answers {"count": N} as soon as `count` (1) such requests have been recorded
 * POST   /admin/expire-tokens  {"user"} (optional): the sync tokens given out so far are no longer
 *        known
 * POST   /admin/folders     {"user", "name", "kind": own, shared_by, shared_with or flagged}: make
 *        a folder; answers {"id"}. The v2.0 side shows the first two only
 * GET    /admin/personality  {switch: boolean}: what the documents of To Do leave open
 *        (personality.h)
 * POST   /admin/personality  {switch: boolean, ...}: turn these; DELETE: all off
 * POST   /admin/seed        {"user", "folder" (Tasks), "count", "prefix" ("Task ")}: make `count`
 *        tasks at once; or {"user", "demo": true, "zone"}
 * GET    /admin/state?user=NAME  {"groups", "folders", "tasks"} as v2.0 spells them, times in UTC,
 *        with every extended property, checklist item, linked resource and extension; the newest
 *        task first
 */
