pragma journal_mode=wal;
create table t(id integer primary key, name text, n integer);
create index tn on t(n);
begin;
with recursive c(i) as (select 1 union all select i + 1 from c where i < 3000)
insert into t select i, 'name ' || (i * 7919 % 1000), i * i % 1013 from c;
commit;
select count(*), sum(n), min(name), max(name) from t;
select n, count(*) from t group by n order by count(*) desc, n limit 5;
update t set n = n + 1 where id % 3 = 0;
delete from t where id between 100 and 200;
pragma wal_checkpoint(truncate);
vacuum;
pragma integrity_check;
select count(*), total(n) from t;
pragma journal_mode=delete;
