-- SPDX-License-Identifier: MIT
-- A session of 100,000 rows in WAL mode, with a second connection that reads while the first one writes.
.bail on
.open wal.db
pragma page_size = 4096;
pragma journal_mode = wal;
pragma synchronous = normal;
create table item(id integer primary key, name text not null, n integer, payload blob);
create index item_n on item(n);
begin;
with recursive c(i) as (select 1 union all select i + 1 from c where i < 60000)
insert into item select i, 'name ' || (i * 7919 % 1000), i * i % 1013, zeroblob(i % 40) from c;
commit;
-- The other connection sees what was there when its transaction began.
.connection 1
.open wal.db
begin;
select 'second sees', count(*), max(id) from item;
.connection 0
begin immediate;
with recursive c(i) as (select 60001 union all select i + 1 from c where i < 100000)
insert into item select i, 'name ' || (i * 7919 % 1000), i * i % 1013, null from c;
commit;
select 'first sees', count(*), max(id) from item;
.connection 1
select 'second still sees', count(*), max(id) from item;
-- A checkpoint cannot pass the reader: not all of the log is written back.
.connection 0
pragma wal_checkpoint(passive);
.connection 1
commit;
select 'second sees now', count(*), max(id) from item;
.connection 0
savepoint a;
update item set n = n + 1 where id % 3 = 0;
savepoint b;
delete from item where id % 2 = 0;
select 'halved', count(*), total(n) from item;
rollback to b;
release a;
select 'back', count(*), total(n) from item;
delete from item where id between 20000 and 30000;
update item set payload = zeroblob(3), name = name || ' changed' where n < 20;
select n, count(*) from item group by n order by count(*) desc, n limit 5;
select count(*), sum(length(name)), sum(length(payload)), min(name), max(name) from item;
select count(*) from item where n = 500;
explain query plan select * from item where n = 500;
.connection 1
select 'second checks', count(*), sum(id * n) from item;
pragma integrity_check;
.connection 0
pragma wal_checkpoint(full);
create table copy as select id, name from item where id % 10 = 0 order by name, id;
create unique index copy_id on copy(id);
insert or ignore into copy select id, 'again' from item where id % 20 = 0;
select count(*), count(distinct name) from copy;
select a.name, b.n from copy a join item b using (id) order by b.n desc, a.id limit 4;
pragma wal_checkpoint(truncate);
pragma quick_check;
pragma integrity_check;
pragma foreign_key_check;
select 'pages', page_count > 500 from pragma_page_count;
select name, sql from sqlite_schema order by name;
