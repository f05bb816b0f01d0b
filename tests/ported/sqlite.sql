-- SPDX-License-Identifier: MIT
-- For sqlite's shell, whose output and database file must be the same on Linux and in the isle:
-- a journal that is created and deleted, transactions that are rolled back, big values, sorting
-- that spills, JSON, dates, and the shell's own files.
.mode list
.headers on
select 1 + 1 as two, typeof(1.5) as kind, round(2.0 / 3, 10) as third;
pragma page_size = 4096;
pragma journal_mode = delete;
create table item (id integer primary key, name text not null, price real, data blob);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 3000)
insert into item select i, 'item ' || (i * 7919 % 3001), i * 1.25, zeroblob(i % 50) from n;
select count(*), sum(price), min(name), max(name), sum(length(data)) from item;
create index item_name on item(name);
select id, name from item where name between 'item 100' and 'item 1005' order by name;
begin;
delete from item where id > 10;
select count(*) from item;
rollback;
select count(*) from item;
savepoint a;
update item set price = price * 2 where id <= 3;
savepoint b;
update item set price = -1;
rollback to b;
release a;
select group_concat(price, ' ') from item where id <= 4;
create table log (at text, what text);
create trigger item_gone after delete on item begin
  insert into log values (datetime(0, 'unixepoch', '+' || old.id || ' days'), old.name);
end;
delete from item where id % 500 = 0;
select * from log;
insert into item (id, name, data) values (100000, 'big', zeroblob(3000000));
select length(data), hex(substr(data, 2999999, 5)) from item where id = 100000;
delete from item where id = 100000;
select a.id, b.id from item a join item b on a.id = b.id + 1 where a.id % 700 = 3 order by b.id desc;
select name, row_number() over (order by name desc) as place from item order by place limit 5;
select json_extract('{"a":[1,{"b":"c"}]}', '$.a[1].b'), json_group_array(id) from item where id < 6;
select strftime('%Y-%m-%d %H:%M', 1e9, 'unixepoch'), julianday('2000-01-01');
select printf('%08.3f|%-6s|%x', 3.14159, 'ab', 255), upper('äb'), length('äb'), unicode('ä');
pragma temp_store = file;
pragma cache_size = 20;
create temp table big as select a.id * 31 % 997 as k, a.name || b.name as v from item a, item b where b.id <= 20;
select k, count(*), min(v) from big group by k order by 2 desc, 1 limit 4;
.output out.csv
.mode csv
select * from log;
.output
.mode list
create table again (at text, what text);
.import --csv --skip 1 out.csv again
select count(*) from again;
.backup copy.db
.dump log
pragma integrity_check;
vacuum;
pragma integrity_check;
.tables
select count(*) from no_such_table;
