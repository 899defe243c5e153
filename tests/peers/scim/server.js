// A SCIM 2.0 service in memory, for Doorward to write to. The protocol is scimmy's; this is only its store.
//
//   node server.js TOKEN [CERTIFICATE KEY]     prints the port of 127.0.0.1 that it listens on, and one with TLS
//
// GET /dump gives everything as JSON. A group's PATCH is read, changed and written by scimmy with a wait in between, as in
// many a real service: two at once lose one.

import express from "express";
import SCIMMY from "scimmy";
import SCIMMYRouters from "scimmy-routers";
import {randomUUID} from "node:crypto";
import {readFileSync} from "node:fs";
import http from "node:http";
import http2 from "node:http2";
import {setTimeout as sleep} from "node:timers/promises";

const [token, certificate, key] = process.argv.slice(2);
const users = new Map();
const groups = new Map();

const find = (store, id) => {
    if (!store.has(id)) throw new SCIMMY.Types.Error(404, null, `Resource ${id} not found`);
    return store.get(id);
};

const refuseTwice = (store, id, attribute, value) => {
    const same = (other) => String(other[attribute] ?? "").toLowerCase() === String(value).toLowerCase();
    for (const [otherId, other] of store)
        if (otherId !== id && value !== undefined && same(other))
            throw new SCIMMY.Types.Error(409, "uniqueness", `${attribute} "${value}" is taken`);
};

const plain = (instance) => JSON.parse(JSON.stringify(instance));

const handlers = (store, before) => [
    async (resource, instance) => {
        if (store === groups) await sleep(2);
        const id = resource.id ?? randomUUID();
        if (resource.id) find(store, id);
        const now = new Date().toISOString();
        const kept = {...before(id, plain(instance)), id, meta: {created: store.get(id)?.meta.created ?? now, lastModified: now}};
        store.set(id, kept);
        return kept;
    },
    (resource) => {
        if (resource.id) return find(store, resource.id);
        const all = [...store.values()];
        return resource.filter ? resource.filter.match(all) : all;
    },
    (resource) => {
        find(store, resource.id);
        store.delete(resource.id);
        if (store === users)
            for (const group of groups.values()) group.members = (group.members ?? []).filter((m) => m.value !== resource.id);
    },
];

const user = (id, instance) => {
    refuseTwice(users, id, "userName", instance.userName);
    return instance;
};

// Members are a set (RFC 7643 section 4.2), and only those who are there can be in it.
const group = (id, instance) => {
    const members = new Map((instance.members ?? []).map((m) => [m.value, {value: m.value}]));
    for (const value of members.keys())
        if (!users.has(value) && !groups.has(value)) throw new SCIMMY.Types.Error(400, "invalidValue", `there is no member ${value}`);
    return {...instance, members: [...members.values()]};
};

// An extension of somebody's own, as vendors have them, within the standard's names.
const own = new SCIMMY.Types.SchemaDefinition("Badge", "urn:ietf:params:scim:schemas:extension:badge:2.0:User", "Who comes in", [
    new SCIMMY.Types.Attribute("string", "objectGUID"),
    new SCIMMY.Types.Attribute("string", "badge"),
    new SCIMMY.Types.Attribute("complex", "desk", {}, [
        new SCIMMY.Types.Attribute("string", "floor"),
        new SCIMMY.Types.Attribute("boolean", "standing"),
    ]),
]);

SCIMMY.Schemas.User.extend(SCIMMY.Schemas.EnterpriseUser, false);
SCIMMY.Schemas.User.extend(own, false);
for (const [Resource, store, before] of [[SCIMMY.Resources.User, users, user], [SCIMMY.Resources.Group, groups, group]]) {
    const [ingress, egress, degress] = handlers(store, before);
    SCIMMY.Resources.declare(Resource).ingress(ingress).egress(egress).degress(degress);
}

const app = express();
app.get("/dump", (request, response) => response.json({users: [...users.values()], groups: [...groups.values()]}));
app.use("/scim/v2", new SCIMMYRouters({
    type: "bearer",
    handler: (request) => {
        if (request.header("Authorization") !== `Bearer ${token}`) throw new Error("the token is not valid here");
        return "doorward";
    },
}));

// HTTP/2 and 1.1 over TLS, passed on to the above. GET /versions says how many requests came in each.
const versions = {};
app.get("/versions", (request, response) => response.json(versions));

const passOn = (port) => (request, response) => {
    versions[request.httpVersion] = (versions[request.httpVersion] ?? 0) + 1;
    const headers = Object.fromEntries(Object.entries(request.headers).filter(([name]) => !name.startsWith(":")));
    const {method, url: path} = request;
    request.pipe(http.request({host: "127.0.0.1", port, method, path, headers}, (answer) => {
        response.writeHead(answer.statusCode, {"content-type": answer.headers["content-type"] ?? "text/plain"});
        answer.pipe(response);
    }));
};

const server = app.listen(0, "127.0.0.1", () => {
    const {port} = server.address();
    if (!certificate) {
        console.log(port);
        return;
    }
    const options = {cert: readFileSync(certificate), key: readFileSync(key), allowHTTP1: true};
    const secure = http2.createSecureServer(options, passOn(port)).listen(0, "127.0.0.1", () => console.log(port, secure.address().port));
});
