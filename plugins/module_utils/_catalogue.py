# Copyright: (c) 2026, oceanbase.obproxy contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The parameters of the community's OBProxy, as its public source tells them: facts for what can't ask a live one.

A line is the name, the kind, the range, and the versions that changed something: one that brought the parameter
(or changed whether it needs a restart, which ! says), one that took it away (-). CMD is carried out when it is set.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import collections

# The versions whose source was read.
COVERED = ((3, 2, 3), (4, 0, 0), (4, 1, 0), (4, 2, 1), (4, 2, 3), (4, 3, 1))

# changes: [(version, marker)]
Parameter = collections.namedtuple('Parameter', 'kind range changes')

LINES = u"""
app_name STR - 3.2.3!
auto_scan_all BOOL - 3.2.3
automatic_match_work_thread BOOL - 3.2.3!
binlog_service_ip STR - 4.1.0
block_thread_num INT [1,4] 3.2.3!
bt_antvip_server_addr STR - 3.2.3 4.1.0-
bt_env_mode STR - 3.2.3 4.1.0-
bt_instance_id STR - 3.2.3 4.1.0-
bt_local_work_mode BOOL - 3.2.3 4.1.0-
bt_mode STR - 4.1.0
bt_retry_times INT [0,100] 3.2.3!
bt_server_addr STR - 3.2.3
bt_server_antvip STR - 3.2.3 4.1.0-
bt_use_antvip BOOL - 3.2.3 4.1.0-
cache_cleaner_clean_interval TIME [1s,1d] 3.2.3
check_tenant_locality_change BOOL - 3.2.3
citadel_agent_ip STR - 4.1.0
client_max_connections INT [0,] 3.2.3
client_max_memory_size CAP [8KB,64MB] 3.2.3
client_session_id_version INT [1,2] 4.2.3
client_sock_option_flag_out INT [0,3] 3.2.3
client_tcp_keepcnt INT [0,9] 3.2.3
client_tcp_keepidle INT [0,7200] 3.2.3
client_tcp_keepintvl INT [0,75] 3.2.3
client_tcp_user_timeout INT [0,20] 3.2.3
cloud_instance_id STR - 3.2.3
cluster_count_high_water_mark INT [2,102400] 3.2.3
cluster_expire_time TIME [0,] 3.2.3
compression_algorithm STR - 4.2.3
config_server_refresh_interval TIME [10s,1d] 3.2.3
congestion_fail_window TIME [1s,1h] 3.2.3
congestion_failure_threshold INT [0,] 3.2.3
congestion_retry_interval TIME [1s,1h] 3.2.3
connect_observer_max_retries INT [2,5] 3.2.3
connection_diagnosis_option INT [0,3] 4.2.3
create_conn_cont_num INT [0,100] 3.2.3
current_local_config_version INT [0,] 3.2.3
dataplane_host STR - 3.2.3
default_buffer_water_mark CAP [4B,64KB] 3.2.3
default_inactivity_timeout TIME [1s,30d] 3.2.3
delay_exit_time TIME [100ms,500ms] 3.2.3
delay_update_entry_interval TIME [0s,1d] 3.2.3
detect_server_timeout TIME [1s,1h] 4.0.0
digest_sql_length INT - 3.2.3
domain_name STR - 3.2.3
enable_abort_conn_info BOOL - 4.2.1 4.2.3-
enable_async_log BOOL - 3.2.3
enable_async_pull_location_cache BOOL - 3.2.3
enable_auto_restart BOOL - 4.3.1
enable_bad_route_reject BOOL - 3.2.3
enable_binlog_service BOOL - 4.1.0 4.2.3-
enable_cached_server BOOL - 3.2.3
enable_causal_order_read BOOL - 3.2.3
enable_client_connection_lru_disconnect BOOL - 3.2.3
enable_client_ip_checkout BOOL - 3.2.3
enable_client_ssl BOOL - 3.2.3
enable_cloud_full_username BOOL - 3.2.3
enable_cluster_checkout BOOL - 3.2.3
enable_compression_protocol BOOL - 3.2.3
enable_congestion BOOL - 3.2.3
enable_conn_precreate BOOL - 3.2.3
enable_connection_diagnosis BOOL - 4.2.1 4.2.3-
enable_cpu_isolate BOOL - 4.0.0!
enable_cpu_topology BOOL - 3.2.3!
enable_cross_shard_txn BOOL - 4.3.1
enable_extra_prometheus_metric BOOL - 3.2.3
enable_flow_control BOOL - 3.2.3
enable_full_link_trace BOOL - 4.3.1
enable_full_username BOOL - 3.2.3
enable_get_rslist_remote BOOL - 3.2.3
enable_global_ps_cache BOOL - 4.1.0!
enable_index_route BOOL - 3.2.3
enable_ldg BOOL - 3.2.3
enable_metadb_used BOOL - 3.2.3!
enable_monitor_stat BOOL - 3.2.3
enable_mysql_proxy_pool BOOL - 3.2.3
enable_mysqlsm_info BOOL - 3.2.3
enable_no_sharding_skip_real_conn BOOL - 3.2.3
enable_ob_protocol_v2 BOOL - 3.2.3
enable_ob_protocol_v2_with_client BOOL - 4.1.0
enable_obproxy_rpc_service BOOL - 4.3.1!
enable_partition_table_route BOOL - 3.2.3
enable_performance_mode BOOL - 3.2.3
enable_pl_route BOOL - 3.2.3
enable_primary_zone BOOL - 4.0.0
enable_prometheus BOOL - 3.2.3
enable_proxy_scramble BOOL - 3.2.3
enable_qa_mode BOOL - 3.2.3
enable_qos BOOL - 3.2.3
enable_read_write_split BOOL - 4.1.0
enable_report_session_stats BOOL - 3.2.3
enable_reroute BOOL - 3.2.3
enable_sequence_prefetch BOOL - 3.2.3
enable_server_ssl BOOL - 3.2.3
enable_session_info_verification BOOL - 4.2.1
enable_session_pool_for_no_sharding BOOL - 3.2.3
enable_shard_authority BOOL - 3.2.3
enable_sharding BOOL - 3.2.3 4.2.3!
enable_single_leader_node_routing BOOL - 4.3.1
enable_standby BOOL - 3.2.3
enable_stat BOOL - 3.2.3
enable_strict_kernel_release BOOL - 3.2.3!
enable_strict_stat_time BOOL - 3.2.3
enable_sync_all_stats BOOL - 3.2.3
enable_syslog_file_compress BOOL - 3.2.3
enable_syslog_wf BOOL - 4.2.3
enable_trace BOOL - 3.2.3
enable_trace_stats BOOL - 3.2.3
enable_trans_detail_stats BOOL - 3.2.3
enable_transaction_internal_routing BOOL - 4.1.0
enable_transaction_split BOOL - 4.1.0
enable_weak_reroute BOOL - 4.2.1
enable_xa_route BOOL - 4.1.0
env_tenant_name STR - 3.2.3
fetch_proxy_bin_random_time TIME [1s,1h] 3.2.3
fetch_proxy_bin_timeout TIME [1s,1200s] 3.2.3
flow_consumer_reenable_threshold INT [0,131072] 3.2.3
flow_event_queue_threshold INT [0,20] 3.2.3
flow_high_water_mark CAP [0,16MB] 3.2.3
flow_low_water_mark CAP [0,16MB] 3.2.3
frequent_accept BOOL - 3.2.3!
grpc_client_num INT [9,16] 3.2.3!
grpc_thread_num INT [8,16] 3.2.3!
grpc_timeout TIME [1s,1d] 3.2.3
hot_upgrade_exit_timeout INT [-1,86400000000] 3.2.3
hot_upgrade_failure_retries INT [1,20] 3.2.3
hot_upgrade_rollback_timeout TIME [1s,30d] 3.2.3
idc_list_refresh_interval TIME [10s,1d] 3.2.3
ignore_local_config BOOL - 3.2.3
init_sql STR - 4.2.1
inspector_password STR - 3.2.3
instance_ip STR - 3.2.3
internal_cmd_mem_limited CAP [0,64MB] 3.2.3
ip_listen_mode INT [1,3] 4.1.0!
is_pool_mode BOOL - 3.2.3
ldg_info_refresh_interval TIME [10s,1d] 3.2.3
limited_pl_update_threshold INT [0,] 3.2.3
listen_port INT (1024,65536) 3.2.3!
local_bound_ip IP - 3.2.3!
local_bound_ipv6_ip IP - 4.1.0!
local_vip_tenant_version CMD [0,] 3.2.3
location_expire_period INT [0,36000000] 3.2.3
location_expire_period_time TIME [0s,30d] 4.0.0
log_cleanup_interval TIME [5s,30d] 3.2.3
log_dir_size_threshold CAP [256M,1T] 3.2.3
log_file_percentage INT [0,100] 3.2.3
long_async_task_timeout TIME [1s,1h] 3.2.3
max_connections INT (128,65535] 3.2.3
max_log_file_size CAP [1MB,1G] 3.2.3
max_pending_num INT [0,1000000] 3.2.3
max_syslog_file_count INT [0,] 3.2.3
max_syslog_file_time TIME [1s,] 3.2.3
mem_leak_check_class_name STR - 4.2.3
mem_leak_check_mod_name STR - 4.2.3
metadb_batch_interval TIME [0ms,60s] 4.2.1
metadb_batch_size INT [1,30] 4.2.1
metadb_server_state_refresh_interval TIME [10ms,1h] 3.2.3
min_congested_connect_timeout TIME [1ms,1h] 3.2.3
min_keep_congestion_interval TIME [1s,1d] 3.2.3
mng_url STR - 3.2.3
monitor_cost_ms_unit BOOL - 3.2.3
monitor_item_limit INT [0,10000] 3.2.3
monitor_item_max_idle_period TIME [1m,1d] 3.2.3
monitor_log_level LOG_LEVEL - 3.2.3
monitor_stat_dump_interval TIME [1s,1h] 3.2.3
monitor_stat_high_threshold TIME [0s,1m] 3.2.3
monitor_stat_low_threshold TIME [0s,5s] 3.2.3
monitor_stat_middle_threshold TIME [0s,30s] 3.2.3
mysql_client_num INT [1,128] 4.3.1
mysql_version STR - 3.2.3
need_convert_vip_to_tname BOOL - 3.2.3
need_release_after_tx BOOL - 3.2.3
net_accept_threads INT [0,8] 3.2.3!
net_config_poll_timeout TIME [0,] 3.2.3
normal_pl_update_threshold INT [0,] 3.2.3
ob_max_read_stale_time INT [-1,] 4.2.1
obproxy_config_server_url STR - 3.2.3!
obproxy_force_parallel_query_dop INT [1,] 4.2.1
obproxy_read_consistency INT [0,1] 4.1.0
obproxy_read_only INT [0,1] 4.1.0
obproxy_sys_password STR - 3.2.3
observer_query_timeout_delta TIME [1s,30s] 3.2.3
observer_sys_password STR - 3.2.3
observer_sys_password1 STR - 3.2.3
partition_location_expire_relative_time INT [-36000000,36000000] 3.2.3
pod_name STR - 3.2.3
pod_namespace STR - 3.2.3
prometheus_cost_ms_unit BOOL - 3.2.3!
prometheus_listen_port INT (1024,65536) 3.2.3!
prometheus_sync_interval TIME [1s,1h] 3.2.3
protocol_diagnosis_level INT [0,2] 4.2.3
proxy_cluster STR - 4.2.3
proxy_hot_upgrade_check_interval TIME [1s,1h] 3.2.3
proxy_id INT [0,8191] 3.2.3! 4.2.3
proxy_idc_name STR - 3.2.3
proxy_info_check_interval TIME [1s,1h] 3.2.3
proxy_local_cmd CMD [0,4] 3.2.3
proxy_mem_limited CAP [100MB,100G] 3.2.3
proxy_primary_zone_name STR - 3.2.3
proxy_route_policy STR - 3.2.3
proxy_service_mode STR - 3.2.3!
proxy_tenant_name STR - 3.2.3
qa_mode_mock_public_cloud_slb_addr STR - 3.2.3
qa_mode_mock_public_cloud_vid INT [1,102400] 3.2.3
qos_stat_clean_interval TIME [1s,1h] 3.2.3
qos_stat_item_limit INT [0,10000] 3.2.3
qos_stat_item_max_idle_period TIME [1m,1d] 3.2.3
query_digest_time_threshold TIME [0s,30d] 3.2.3
read_stale_remove_interval TIME [0s,1d] 4.2.1
read_stale_retry_interval TIME [0,600s] 4.2.1
refresh_config CMD - 3.2.3
refresh_idc_list CMD - 3.2.3
refresh_json_config CMD - 3.2.3
refresh_rslist CMD - 3.2.3
refresh_server_cont_num INT [0,100] 3.2.3
request_buffer_length CAP [1KB,16MB] 3.2.3
rootservice_cluster_name STR - 3.2.3!
rootservice_list STR_LIST - 3.2.3!
route_diagnosis_level INT [0,4] 4.2.1
routing_cache_mem_limited CAP [1KB,100G] 3.2.3
rpc_async_pull_batch_max_size INT [2,50] 4.3.1!
rpc_async_pull_batch_max_times INT [0,) 4.3.1
rpc_async_pull_batch_wait_interval TIME [1ms,1s] 4.3.1
rpc_ctx_expire_time TIME [0,] 4.3.1
rpc_enable_async_pull_batch_tablets BOOL - 4.3.1
rpc_enable_congestion BOOL - 4.3.1
rpc_enable_direct_expire_route_entry BOOL - 4.3.1
rpc_enable_force_srv_black_list BOOL - 4.3.1
rpc_enable_global_index BOOL - 4.3.1
rpc_enable_reroute BOOL - 4.3.1
rpc_enable_retry_request_info_log BOOL - 4.3.1
rpc_force_srv_black_list STR_LIST - 4.3.1
rpc_listen_port INT (1024,65536) 4.3.1!
rpc_max_request_batch_size INT [1,) 4.3.1
rpc_max_response_batch_size INT [1,) 4.3.1
rpc_max_server_table_entry_num INT [1,) 4.3.1
rpc_net_timeout_base INT [0,) 4.3.1
rpc_period_task_interval TIME [1ms,1d] 4.3.1
rpc_request_max_retries INT [1,) 4.3.1
rpc_request_retry_waiting_time TIME [0ms,10s] 4.3.1
rpc_request_server_entry_max_retries INT [1,) 4.3.1
rpc_request_timeout INT [0,) 4.3.1
rpc_request_timeout_delta TIME [0ms,30s] 4.3.1
rpc_server_entry_expire_time TIME [0s,] 4.3.1
rpc_server_net_handler_expire_time TIME [0s,] 4.3.1
rpc_server_net_invalid_time_us INT - 4.3.1
rpc_server_net_max_pending_request INT - 4.3.1
rpc_srv_session_pool_inactive_timeout TIME [0s,1d] 4.3.1
rpc_sub_req_max_retries INT [0,50] 4.3.1!
rpc_support_key_partition_shard_request BOOL - 4.3.1
runtime_env STR - 3.2.3
scan_buffered_rows_warning_threshold INT [-1,] 4.2.3
sequence_entry_expire_time TIME [0s,1d] 3.2.3
sequence_fail_retry_count INT [0,100] 3.2.3
sequence_prefetch_threshold INT [0,10000] 3.2.3
server_detect_fail_threshold INT [1,10000] 4.0.0
server_detect_mode INT [0,2] 4.0.0
server_detect_refresh_interval TIME [1ms,1h] 4.0.0
server_routing_mode STR - 3.2.3
server_state_refresh_interval TIME [10ms,1h] 3.2.3
server_tcp_init_cwnd INT [0,64] 3.2.3
server_tcp_keepcnt INT [0,9] 3.2.3
server_tcp_keepidle INT [0,7200] 3.2.3
server_tcp_keepintvl INT [0,75] 3.2.3
server_tcp_user_timeout INT [0,20] 3.2.3
server_zone STR - 3.2.3
session_pool_cont_delay_interval TIME [0s,1d] 3.2.3
session_pool_default_blocking_timeout TIME [0ms,2s] 3.2.3
session_pool_default_idle_timeout TIME [0s,1d] 3.2.3
session_pool_default_max_conn INT [0,100000] 3.2.3
session_pool_default_min_conn INT [0,10000] 3.2.3
session_pool_default_prefill BOOL - 3.2.3
session_pool_retry_interval TIME [0s,1d] 3.2.3
session_pool_stat_log_interval TIME [0s,1d] 3.2.3
session_pool_stat_log_ratio INT [0,10000] 3.2.3
shard_scan_thread_num INT [0,128] 4.1.0!
short_async_task_timeout TIME [1s,1h] 3.2.3
sidecar_node_id STR - 3.2.3
skip_proxy_sys_private_check BOOL - 3.2.3
skip_proxyro_check BOOL - 3.2.3
slow_proxy_process_time_threshold TIME [0s,30d] 3.2.3
slow_query_time_threshold TIME [0s,30d] 3.2.3
slow_transaction_time_threshold TIME [0s,30d] 3.2.3
sock_option_flag_out INT [0,3] 3.2.3
sock_packet_mark_out INT [0,] 3.2.3
sock_packet_tos_out INT [0,] 3.2.3
sock_recv_buffer_size_out CAP [0,8MB] 3.2.3
sock_send_buffer_size_out CAP [0,8MB] 3.2.3
sql_table_cache_expire_relative_time INT [-36000000,36000000] 3.2.3
sql_table_cache_mem_limited CAP [1KB,100G] 3.2.3
sqlaudit_mem_limited CAP [0,1G] 3.2.3
ssl_attributes STR - 4.2.1
stack_size CAP [1MB,10MB] 3.2.3!
stat_dump_interval TIME [0s,1d] 3.2.3
stat_table_sync_interval TIME [0s,1d] 3.2.3
syslog_io_bandwidth_limit CAP [0,1GB] 4.2.3
syslog_level LOG_LEVEL - 3.2.3
target_db_server STR - 4.1.0
task_thread_num INT [1,4] 3.2.3!
tenant_location_valid_time TIME [0s,100d] 3.2.3
test_server_addr STR - 3.2.3
tunnel_request_size_threshold CAP (0,16MB] 3.2.3
use_local_dbconfig BOOL - 3.2.3
use_local_session_prop BOOL - 3.2.3
username_separator STR_LIST - 3.2.3
weak_read_user_list STR_LIST - 4.2.1 4.3.1-
work_thread_num INT [1,128] 3.2.3!
workspace_name STR - 3.2.3
xflush_log_level LOG_LEVEL - 3.2.3
"""


def _change(text):
    return tuple(int(part) for part in text.rstrip('!-').split('.')), text.lstrip('0123456789.')


def _read():
    found = {}
    for line in LINES.strip().splitlines():
        fields = line.split()
        found[fields[0]] = Parameter(fields[1], u'' if fields[2] == u'-' else fields[2], [_change(one) for one in fields[3:]])
    return found


PARAMETERS = _read()


def kind(name):
    """The kind of a parameter; None where only a live proxy knows it."""
    return PARAMETERS[name].kind if name in PARAMETERS else None
