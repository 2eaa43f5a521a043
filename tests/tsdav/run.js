// From discovery to a second sync without changes, as a program with tsdav does it.
// usage: node run.js URL USER PASSWORD; prints a line for each step, ends with status 1 at the first failure.
'use strict';

const assert = require('node:assert');
const { DAVClient } = require('tsdav');

const [url, username, password] = process.argv.slice(2);
const TODO = [{
    'comp-filter': {
        _attributes: { name: 'VCALENDAR' },
        'comp-filter': { _attributes: { name: 'VTODO' } },
    },
}];

const vtodo = (uid, summary) => ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//duedav//tsdav//EN',
    'BEGIN:VTODO', `UID:${uid}`, 'DTSTAMP:20260501T080000Z', `SUMMARY:${summary}`, 'END:VTODO',
    'END:VCALENDAR', ''].join('\r\n');

function newClient() {
    return new DAVClient({ serverUrl: url, credentials: { username, password },
        authMethod: 'Basic', defaultAccountType: 'caldav' });
}

function step(name) {
    console.log(`ok    ${name}`);
}

async function main() {
    const client = newClient();
    await client.login();
    assert.ok(client.account.homeUrl.endsWith(`/dav/calendars/${username}/`), client.account.homeUrl);
    step('discovery: principal and home from the bare address');

    const made = await client.makeCalendar({ url: `${client.account.homeUrl}tsdav/`,
        props: { displayname: 'By tsdav' } });
    assert.ok(made[0].ok, JSON.stringify(made));
    const lists = await client.fetchCalendars();
    const list = lists.find((calendar) => calendar.displayName === 'By tsdav');
    assert.deepStrictEqual(list.components, ['VTODO']);
    assert.ok(list.reports.includes('syncCollection'), String(list.reports));
    step('a list is made, found by its name and holds VTODO only');

    for (const name of ['one', 'two']) {
        const reply = await client.createCalendarObject({ calendar: list, filename: `${name}.ics`,
            iCalString: vtodo(name, name) });
        assert.strictEqual(reply.status, 201);
        assert.ok(reply.headers.get('etag'));
    }
    let objects = await client.fetchCalendarObjects({ calendar: list, filters: TODO });
    assert.deepStrictEqual(objects.map((object) => object.url.split('/').pop()).sort(),
        ['one.ics', 'two.ics']);
    assert.ok(objects.every((object) => object.data.includes('BEGIN:VTODO')));
    step('two tasks are made and fetched');

    const fresh = (await client.fetchCalendars()).find((calendar) => calendar.url === list.url);
    const synced = { ...fresh, objects,
        objectMultiGet: (wanted) => client.calendarMultiGet(wanted) };
    const still = await client.smartCollectionSyncDetailed({ collection: synced, method: 'webdav',
        account: client.account });
    assert.deepStrictEqual([still.objects.created, still.objects.updated, still.objects.deleted],
        [[], [], []]);
    step('a sync without changes brings none');

    const one = objects.find((object) => object.url.endsWith('one.ics'));
    const changed = await client.updateCalendarObject({ calendarObject: { ...one,
        data: vtodo('one', 'changed') } });
    assert.strictEqual(changed.status, 204);
    const stale = await client.updateCalendarObject({ calendarObject: { ...one,
        data: vtodo('one', 'stale') } });
    assert.strictEqual(stale.status, 412);
    step('a task is changed; a stale change is told so');

    const other = newClient();
    await other.login();
    const three = await other.createCalendarObject({ calendar: list, filename: 'three.ics',
        iCalString: vtodo('three', 'three') });
    assert.strictEqual(three.status, 201);
    const next = await client.smartCollectionSyncDetailed({ collection: synced, method: 'webdav',
        account: client.account });
    assert.deepStrictEqual(next.objects.created.map((object) => object.url.split('/').pop()),
        ['three.ics']);
    assert.deepStrictEqual(next.objects.updated.map((object) => object.url.split('/').pop()),
        ['one.ics']);
    assert.notStrictEqual(next.syncToken, synced.syncToken);
    step('a sync brings what was made and changed');

    objects = await client.fetchCalendarObjects({ calendar: list, filters: TODO });
    const last = await client.smartCollectionSyncDetailed({
        collection: { ...synced, objects, syncToken: next.syncToken }, method: 'webdav',
        account: client.account });
    assert.deepStrictEqual([last.objects.created, last.objects.updated, last.objects.deleted],
        [[], [], []]);
    assert.strictEqual(last.syncToken, next.syncToken);
    step('a second sync without changes brings none');

    for (const object of objects) {
        const reply = await client.deleteCalendarObject({ calendarObject: object });
        assert.strictEqual(reply.status, 204);
    }
    assert.deepStrictEqual(await client.fetchCalendarObjects({ calendar: list, filters: TODO }), []);
    step('the tasks are deleted');
}

main().then(() => console.log('tsdav: all passed'), (error) => {
    console.log(`FAIL  ${error.stack}`);
    process.exitCode = 1;
});
