-- One process on one GPU, as schema 3 has it; the test puts in rank, pid and suffix.
CREATE TABLE rocpd_metadata{{set}} (id INTEGER PRIMARY KEY, tag TEXT, value TEXT);
INSERT INTO rocpd_metadata{{set}} VALUES (1, 'schema_version', '3');
CREATE TABLE rocpd_string{{set}} (id INTEGER PRIMARY KEY, string TEXT);
INSERT INTO rocpd_string{{set}} VALUES (1, ''), (2, 'KERNEL_DISPATCH'), (3, 'HIP_RUNTIME_API'), (4, 'HSA_CORE_API'), (5, 'RCCL_API'),
    (6, 'MARKER_CORE_RANGE_API'), (7, 'MEMORY_COPY'), (8, 'hipLaunchKernel'), (9, 'hsa_signal_create'), (10, 'ncclAllReduce'),
    (11, 'roctxRangePushA'), (12, 'MEMORY_COPY_DEVICE_TO_HOST'), (13, 'MEMORY_COPY_DEVICE_TO_DEVICE'), (14, 'GPU power');
CREATE TABLE rocpd_info_node{{set}} (id INTEGER PRIMARY KEY, hostname TEXT);
INSERT INTO rocpd_info_node{{set}} VALUES (1, 'node-a');
CREATE TABLE rocpd_info_process{{set}} (id INTEGER PRIMARY KEY, nid INTEGER, pid INTEGER, command TEXT, environment JSONB);
INSERT INTO rocpd_info_process{{set}} VALUES ({{pid}}, 1, {{pid}}, '/opt/conda/bin/python3.10 -u train.py',
    '{"RANK": "{{rank}}", "WORLD_SIZE": "2", "PATH": "/usr/bin"}');
CREATE TABLE rocpd_info_thread{{set}} (id INTEGER PRIMARY KEY, nid INTEGER, pid INTEGER, tid INTEGER, name TEXT);
INSERT INTO rocpd_info_thread{{set}} VALUES (101, 1, {{pid}}, 101, 'main');
CREATE TABLE rocpd_info_agent{{set}} (id INTEGER PRIMARY KEY, nid INTEGER, pid INTEGER, type TEXT, absolute_index INTEGER,
    type_index INTEGER, name TEXT, product_name TEXT, extdata JSONB);
INSERT INTO rocpd_info_agent{{set}} VALUES (0, 1, {{pid}}, 'CPU', 0, 0, 'EPYC', 'AMD EPYC', '{"cu_count": 128}'),
    (2, 1, {{pid}}, 'GPU', 2, {{rank}}, 'gfx950', 'AMD Instinct MI350X', '{"cu_count": 256, "mem_banks": [{"size_in_bytes": 309220868096}]}'),
    (3, 1, {{pid}}, 'GPU', 3, 7, 'gfx950', 'AMD Instinct MI350X', '{}');
CREATE TABLE rocpd_info_stream{{set}} (id INTEGER PRIMARY KEY, nid INTEGER, pid INTEGER, name TEXT);
INSERT INTO rocpd_info_stream{{set}} VALUES (0, 1, {{pid}}, 'Default Stream'), (2, 1, {{pid}}, 'Stream 1'), (3, 1, {{pid}}, 'Stream 2');
CREATE TABLE rocpd_info_pmc{{set}} (id INTEGER PRIMARY KEY, nid INTEGER, pid INTEGER, agent_id INTEGER, name TEXT, units TEXT);
INSERT INTO rocpd_info_pmc{{set}} VALUES (1, 1, {{pid}}, 2, 'SQ_WAVES', ''), (2, 1, {{pid}}, 2, 'GPU power', 'W');
CREATE TABLE rocpd_info_kernel_symbol{{set}} (id INTEGER PRIMARY KEY, kernel_name TEXT, display_name TEXT, arch_vgpr_count INTEGER);
INSERT INTO rocpd_info_kernel_symbol{{set}} VALUES
    (5, 'Cijk.kd', 'Cijk_Alik_Bljk_BBS_BH_Bias_HA_S_SAV_MT64x32x256', 128),
    (6, '_Z23ncclDevKernel.kd', 'ncclDevKernel_Generic_1(ncclDevKernelArgsStorage<4096ul>)', 64);
CREATE TABLE rocpd_track{{set}} (id INTEGER PRIMARY KEY, nid INTEGER, pid INTEGER, tid INTEGER, name_id INTEGER);
INSERT INTO rocpd_track{{set}} VALUES (1, 1, {{pid}}, 101, 6), (2, 1, {{pid}}, 101, 14);
CREATE TABLE rocpd_event{{set}} (id INTEGER PRIMARY KEY, category_id INTEGER, stack_id INTEGER, parent_stack_id INTEGER,
    correlation_id INTEGER, extdata JSONB);
INSERT INTO rocpd_event{{set}} VALUES (1, 6, 21, 0, 0, '{"message": "iteration 1"}'), (2, 3, 22, 0, 0, '{}'), (3, 4, 23, 22, 0, '{}'),
    (4, 5, 24, 0, 0, '{}'), (5, 6, 25, 0, 0, '{"message": "here"}'), (6, 2, 22, 22, 0, '{}'), (7, 2, 24, 24, 0, '{}'),
    (8, 7, 30, 30, 0, '{}'), (9, 7, 31, 31, 0, '{}'), (10, 7, 32, 32, 0, '{}'), (11, NULL, 0, 0, 0, '{}');
CREATE TABLE rocpd_arg{{set}} (id INTEGER PRIMARY KEY, event_id INTEGER, position INTEGER, type TEXT, name TEXT, value TEXT);
INSERT INTO rocpd_arg{{set}} VALUES (1, 4, 0, 'size_t', 'count', '4096'), (2, 2, 0, 'dim3', 'numBlocks', '{8,2,1}');
CREATE TABLE rocpd_pmc_event{{set}} (id INTEGER PRIMARY KEY, event_id INTEGER, pmc_id INTEGER, value REAL);
INSERT INTO rocpd_pmc_event{{set}} VALUES (1, 6, 1, 64.0), (2, 11, 2, 750.5), (3, 99, 1, 1.0);
CREATE TABLE rocpd_region{{set}} (id INTEGER PRIMARY KEY, nid INTEGER, pid INTEGER, tid INTEGER, start BIGINT, end BIGINT,
    name_id INTEGER, event_id INTEGER);
INSERT INTO rocpd_region{{set}} VALUES (21, 1, {{pid}}, 101, 900, 1900, 11, 1), (22, 1, {{pid}}, 101, 1100, 1200, 8, 2),
    (23, 1, {{pid}}, 101, 1110, 1190, 9, 3), (24, 1, {{pid}}, 101, 1300, 1400, 10, 4);
CREATE TABLE rocpd_sample{{set}} (id INTEGER PRIMARY KEY, track_id INTEGER, timestamp BIGINT, event_id INTEGER);
INSERT INTO rocpd_sample{{set}} VALUES (1, 1, 1600, 5), (2, 2, 1700, 11);
CREATE TABLE rocpd_kernel_dispatch{{set}} (id INTEGER PRIMARY KEY, nid INTEGER, pid INTEGER, tid INTEGER, agent_id INTEGER,
    kernel_id INTEGER, dispatch_id INTEGER, queue_id INTEGER, stream_id INTEGER, start BIGINT, end BIGINT,
    private_segment_size INTEGER, group_segment_size INTEGER, workgroup_size_x INTEGER, workgroup_size_y INTEGER,
    workgroup_size_z INTEGER, grid_size_x INTEGER, grid_size_y INTEGER, grid_size_z INTEGER, region_name_id INTEGER, event_id INTEGER);
INSERT INTO rocpd_kernel_dispatch{{set}} VALUES
    (1, 1, {{pid}}, 101, 2, 5, 1, 7, 2, 2000, 3000, 0, 65536, 256, 1, 1, 1920, 2, 1, 1, 6),
    (2, 1, {{pid}}, 101, 2, 6, 2, 8, 3, 2500, 3500, 0, 0, 512, 1, 1, 14336, 1, 1, 1, 7),
    (3, 1, {{pid}}, 101, 2, 5, 3, 7, 2, 9000, 8000, 0, 0, 256, 1, 1, 256, 1, 1, 1, 8);
CREATE TABLE rocpd_memory_copy{{set}} (id INTEGER PRIMARY KEY, nid INTEGER, pid INTEGER, tid INTEGER, start BIGINT, end BIGINT,
    name_id INTEGER, dst_agent_id INTEGER, src_agent_id INTEGER, size INTEGER, queue_id INTEGER, stream_id INTEGER, event_id INTEGER);
INSERT INTO rocpd_memory_copy{{set}} VALUES (1, 1, {{pid}}, 101, 3600, 3700, 12, 0, 2, 4096, NULL, 3, 9),
    (2, 1, {{pid}}, 101, 3800, 3900, 13, 2, 3, 8192, NULL, 3, 10);
CREATE TABLE rocpd_memory_allocate{{set}} (id INTEGER PRIMARY KEY, nid INTEGER, pid INTEGER, tid INTEGER, agent_id INTEGER,
    type TEXT, level TEXT, start BIGINT, end BIGINT, size INTEGER, event_id INTEGER);
INSERT INTO rocpd_memory_allocate{{set}} VALUES (1, 1, {{pid}}, 101, 2, 'ALLOC', 'REAL', 1450, 1500, 4096, NULL);
CREATE TABLE rocpd_graph_launch{{set}} (id INTEGER PRIMARY KEY, start BIGINT, end BIGINT);
INSERT INTO rocpd_graph_launch{{set}} VALUES (1, 1000, 2000);
